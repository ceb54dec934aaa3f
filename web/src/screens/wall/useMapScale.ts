/**
 * The map drawn as large as everything else on the wall: its signs are measured in pixels, the wall in widths of the screen.
 *
 * The map is laid out as on 1920 pixels and enlarged as a whole; with as many more pixels of its own it stays sharp.
 */
import type { Map as MapLibre } from 'maplibre-gl'
import { onBeforeUnmount, onMounted, ref, type Ref, type ShallowRef, watch } from 'vue'

const DESIGNED_FOR_PX = 1920

export function useMapScale(map: Readonly<ShallowRef<MapLibre | null>>): Readonly<Ref<number>> {
  const scale = ref(window.innerWidth / DESIGNED_FOR_PX)
  const measure = () => (scale.value = window.innerWidth / DESIGNED_FOR_PX)
  watch([map, scale], () => map.value?.setPixelRatio(window.devicePixelRatio * Math.max(1, scale.value)))
  onMounted(() => window.addEventListener('resize', measure))
  onBeforeUnmount(() => window.removeEventListener('resize', measure))
  return scale
}
