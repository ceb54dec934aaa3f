import type { theme as words } from '../zh-CN/theme'
import type { SameKeys } from '../messages'

export const theme: SameKeys<typeof words> = {
  theme: {
    label: 'Switch dark / day',
    dark: 'Dark',
    light: 'Day',
  },
}
