/** Runs a composable inside a component of its own. */
import { type App, createApp } from 'vue'
import { i18n } from '@/i18n'

export type { App }

export function mount<Result>(use: () => Result): [App, Result] {
  let result: Result
  const app = createApp({
    setup() {
      result = use()
      return () => null
    },
  })
  app.use(i18n)
  app.mount(document.createElement('div'))
  return [app, result!]
}
