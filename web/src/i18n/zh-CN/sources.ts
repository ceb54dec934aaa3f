export const sources = {
  sources: {
    title: '数据来源',
    live: '{time} 更新',
    fresh: '实时',
    stopped: '数据停于 {time}',
    stoppedUnknown: '数据已停止',
    idle: '当前无应报数据',
    stoppedIn: '{n} 个区域的数据已停止',
  },
}
