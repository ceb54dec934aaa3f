/** Rings as long as a call is unanswered; when nobody looks at the page, the phone's own notification says so too. */
import { onScopeDispose, watch } from 'vue'
import { notificationPermission } from '@/phone/device'
import { ring } from '@/ui/ring'

/** What rings: an assignment to answer, or people who want to see the scene. */
export interface Ringing {
  /** The notification of one call replaces an earlier one of the same. */
  id: string
  title: string
  body: string
}

type Notify = (ringing: Ringing) => Promise<() => void>

/** By our service worker: a page that is hidden may not open notifications itself on a phone. */
async function notifyByWorker({ id, title, body }: Ringing): Promise<() => void> {
  const tag = `onemap-${id}`
  const registration = await navigator.serviceWorker.getRegistration('/field')
  const options = { tag, body, icon: '/icons/icon-192.png', requireInteraction: true, renotify: true, vibrate: [400, 150, 400] }
  await registration?.showNotification(title, options)
  return () => void registration?.getNotifications({ tag }).then((shown) => shown.forEach((one) => one.close()))
}

export function useCallAlarm(call: () => Ringing | null, notify: Notify = notifyByWorker): void {
  let silence = () => {}
  let takeBack = () => {}
  let notified: string | null = null

  function callOut(): void {
    const calling = call()
    if (calling === null || notified === calling.id || document.visibilityState === 'visible') return
    if (notificationPermission() !== 'granted') return
    notified = calling.id
    void notify(calling).then(
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
