export const theme = {
  theme: {
    label: '切换深色 / 日间',
    dark: '深色',
    light: '日间',
  },
}
