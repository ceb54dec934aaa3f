/** Both languages of the product; Chinese unless the person chose otherwise on this device. */
import { createI18n } from 'vue-i18n'
import { en } from './en'
import { zhCN } from './zh-CN'

export type Locale = 'zh-CN' | 'en'
export const LOCALES: readonly Locale[] = ['zh-CN', 'en']
/** Each by its own name, so that whoever reads only that one finds it. */
export const LOCALE_NAMES: Record<Locale, string> = { 'zh-CN': '中文', en: 'English' }

const CHOICE = 'onemap.locale'

function chosen(): Locale {
  const stored = localStorage.getItem(CHOICE)
  return LOCALES.find((locale) => locale === stored) ?? 'zh-CN'
}

export const i18n = createI18n({
  legacy: false,
  locale: chosen(),
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zhCN, en },
})

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  localStorage.setItem(CHOICE, locale)
  document.documentElement.lang = locale
}
