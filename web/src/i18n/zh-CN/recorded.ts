export const recorded = {
  recorded: {
    title: '通话录像',
    of: '{name} 的录像',
    nothing: '这一时刻没有录像',
    found: '录制进程中断后封存',
    unplayable: '此浏览器无法播放该录像',
    soundOn: '声音：开（仅 1 倍速）',
    soundOff: '声音：关',
    keptUntil: '保存至 {at}',
    heldBy: '{who} 已保全：{reason}',
    deleted: '已于 {at} 到期删除',
    evidence: '导出证据',
    hold: '保全…',
    release: '解除保全',
    reason: '保全理由',
    keep: '确认保全',
  },
}
