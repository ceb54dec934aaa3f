/** Rings as long as a call is unanswered; when nobody looks at the page, the phone's own notification says so too. */
import { onScopeDispose, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Assignment } from '@/api'
import { notificationPermission } from '@/phone/device'
import { ring } from '@/ui/ring'

/** `title` is the call's; the notification of an assignment replaces an earlier one of the same. */
type Notify = (id: number, title: string, body: string) => Promise<() => void>

/** By our service worker: a page that is hidden may not open notifications itself on a phone. */
async function notifyByWorker(id: number, title: string, body: string): Promise<() => void> {
  const tag = `onemap-call-${id}`
  const registration = await navigator.serviceWorker.getRegistration('/field')
  const options = { tag, body, icon: '/icons/icon-192.png', requireInteraction: true, renotify: true, vibrate: [400, 150, 400] }
  await registration?.showNotification(title, options)
  return () => void registration?.getNotifications({ tag }).then((shown) => shown.forEach((one) => one.close()))
}

export function useCallAlarm(call: () => Assignment | null, notify: Notify = notifyByWorker): void {
  const { t } = useI18n()
  let silence = () => {}
  let takeBack = () => {}
  let notified: number | null = null

  function callOut(): void {
    const calling = call()
    if (calling === null || notified === calling.id || document.visibilityState === 'visible') return
    if (notificationPermission() !== 'granted') return
    notified = calling.id
    void notify(calling.id, t('field.call'), calling.alert.title).then(
      (close) => (call()?.id === calling.id ? (takeBack = close) : close()),
      () => undefined,
    )
  }

  watch(
    () => call()?.id,
    (id) => {
      silence()
      takeBack()
      silence = id === undefined ? () => {} : ring()
      takeBack = () => {}
      notified = null
      callOut()
    },
    { immediate: true },
  )
  document.addEventListener('visibilitychange', callOut)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', callOut)
    silence()
    takeBack()
  })
}
