/** A chart in a box, drawn anew when its data, the theme, the language or the size of the box changes. */
import { type EChartsCoreOption, type EChartsType, init } from 'echarts/core'
import { onMounted, onUnmounted, type ShallowRef, watch, type WatchSource } from 'vue'
import { useI18n } from 'vue-i18n'
import { useTheme } from '@/ui/useTheme'

export interface Paint {
  /** A colour of the present theme by its name in `ui/theme.css`, without the dashes. */
  colour: (name: string) => string
  /** So many root sizes in pixels: charts on the wall grow with it as everything does. */
  rem: (n: number) => number
}

export function useChart(
  holder: Readonly<ShallowRef<HTMLElement | null>>,
  option: (paint: Paint) => EChartsCoreOption,
  sources: WatchSource[],
): void {
  const { theme } = useTheme()
  const { locale } = useI18n()
  let chart: EChartsType | null = null
  let resize: ResizeObserver | null = null

  function draw(): void {
    const style = getComputedStyle(document.documentElement)
    const paint = {
      colour: (name: string) => style.getPropertyValue(`--${name}`).trim(),
      rem: (n: number) => n * parseFloat(style.fontSize),
    }
    const base = { animation: false, textStyle: { fontFamily: 'Noto Sans SC Variable, sans-serif' } }
    chart?.setOption({ ...base, ...option(paint) }, { notMerge: true })
  }

  onMounted(() => {
    chart = init(holder.value!)
    draw()
    resize = new ResizeObserver(() => {
      chart?.resize()
      draw() // sizes in it are relative to the root's
    })
    resize.observe(holder.value!)
  })
  watch([theme, locale, ...sources], draw)
  onUnmounted(() => {
    resize?.disconnect()
    chart?.dispose()
  })
}
