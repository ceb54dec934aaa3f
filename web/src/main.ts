import './ui/theme.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { Api, apiKey } from './api'
import App from './App.vue'
import { i18n, setLocale } from './i18n'
import { makeRouter } from './router'

setLocale(i18n.global.locale.value)
createApp(App).provide(apiKey, new Api()).use(createPinia()).use(i18n).use(makeRouter()).mount('#app')
