/**
 * Draws officers on a canvas of its own above the map's: moving ten thousand dots must not draw the whole map anew.
 *
 * The card finds each place between two fixes itself from the time; a frame costs one call however many move.
 */
import { MOST_LABELS } from './labels'
import { doubtM, type Movers, metresPerUnit, STRIDE } from './movers'

/** What the drawing follows of the map; the map neither turns nor tilts. */
export interface Camera {
  /** Middle of the map in Mercator units, and where it is drawn, in CSS pixels. */
  x: number
  y: number
  px: number
  py: number
  /** CSS pixels of one Mercator unit. */
  scale: number
  width: number
  height: number
  ratio: number
}

export interface Look {
  free: string
  busy: string
  stale: string
  ground: string
  land: string
  accent: string
  /** Radius of a dot, CSS pixels. */
  radius: number
  /** Of everything; positions that have stopped are not where people are now. */
  opacity: number
  arrows: boolean
  /** Where texts stand, four numbers each (`boxesOf`): dots beneath them are faint. */
  labels: Float32Array
}

/** From here on a fix is old, and its circle of doubt is drawn; from `FAR_S` on the circle says nothing any more. */
const DOUBT_FROM_S = 60
const FAR_S = 600
const MOST_RINGS = 400
const RING_CORNERS = 64

const DOTS = `#version 300 es
precision highp float;
layout(location = 0) in vec4 way;      // from x, y, to x, y
layout(location = 1) in vec4 times;    // begins, ends, time of the fix, heading
layout(location = 2) in float sign;
uniform vec2 centre, drawnAt, size;    // Mercator units; CSS pixels
uniform float scale, now, radius, arrows, labelCount;
uniform vec4 labels[${MOST_LABELS}];   // middle, half size; CSS pixels
out vec2 at;
flat out float kind, fade, turned, big, r, stroke;
void main() {
  float share = times.y > times.x ? clamp((now - times.x) / (times.y - times.x), 0.0, 1.0) : 1.0;
  vec2 middle = (mix(way.xy, way.zw, share) - centre) * scale + drawnAt;
  big = sign >= 4.0 ? 1.0 : 0.0;
  kind = mod(sign, 4.0);
  turned = arrows > 0.5 ? times.w : -1.0;
  float age = now - times.z;
  fade = big > 0.5 ? 1.0 : 1.0 - 0.6 * smoothstep(60.0, 600.0, age);
  for (int i = 0; i < int(labelCount) && big < 0.5; i++) {
    vec2 off = abs(middle - labels[i].xy) - labels[i].zw;
    if (max(off.x, off.y) < radius * 0.5) { fade *= 0.22; break; }
  }
  r = radius * (kind > 1.5 ? 0.8 : 1.0) + big * 2.0;
  stroke = kind < 0.5 ? max(0.5, r * 0.2) : kind < 1.5 ? max(1.1, r * 0.45) : max(0.8, r * 0.25);
  // No larger than need be: without a graphics card every pixel is worked out by the processor.
  float reach = max(turned >= 0.0 ? r * 2.3 + 2.0 : 0.0, r + stroke + 1.0 + big * 4.0);
  at = (vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0) * reach;
  vec2 place = (middle + at) / size * 2.0 - 1.0;
  gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
}`

const DOTS_COLOUR = `#version 300 es
precision highp float;
in vec2 at;
flat in float kind, fade, turned, big, r, stroke;
uniform vec3 free, busy, stale, ground, land, accent;
uniform float opacity, ratio;
out vec4 colour;
void main() {
  float edge = 0.7 / ratio;
  float d = length(at);
  vec3 fill = kind < 0.5 ? free : land;
  vec3 line = kind < 0.5 ? ground : kind < 1.5 ? busy : stale;
  float inside = 1.0 - smoothstep(r - edge, r + edge, d);
  float outer = 1.0 - smoothstep(r + stroke - edge, r + stroke + edge, d);
  vec4 drawn = vec4(mix(line, fill, inside), outer);
  if (turned >= 0.0) {
    // A tip ahead of the dot, in the direction of travel.
    float a = radians(turned);
    vec2 ahead = vec2(sin(a), -cos(a));
    float along = dot(at, ahead) - r, across = abs(dot(at, vec2(-ahead.y, ahead.x)));
    float tip = 1.0 - smoothstep(-edge, edge, across - (r * 1.05 - along) * 0.62);
    tip *= step(0.0, along) * (1.0 - outer);
    drawn = mix(drawn, vec4(kind < 0.5 ? free : line, 1.0), tip);
  }
  if (big > 0.5) {
    float halo = 1.0 - smoothstep(0.0, edge * 2.0, abs(d - r - stroke - 1.5) - 0.8);
    drawn = mix(drawn, vec4(accent, 1.0), halo * (1.0 - outer));
  }
  float alpha = drawn.a * fade * opacity;
  if (alpha < 0.01) discard;
  colour = vec4(drawn.rgb * alpha, alpha);
}`

const RINGS = `#version 300 es
precision highp float;
layout(location = 0) in vec4 ring;     // x, y, radius in Mercator units, opacity
uniform vec2 centre, drawnAt, size;
uniform float scale;
flat out float fade;
void main() {
  float a = float(gl_VertexID >> 1) / ${RING_CORNERS}.0 * 6.2831853;
  float r = ring.z * scale + float(gl_VertexID & 1) * 1.5;
  vec2 place = ((ring.xy - centre) * scale + drawnAt + vec2(cos(a), sin(a)) * r) / size * 2.0 - 1.0;
  fade = ring.w;
  gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
}`

const RINGS_COLOUR = `#version 300 es
precision highp float;
flat in float fade;
uniform vec3 stale;
uniform float opacity;
out vec4 colour;
void main() { colour = vec4(stale, 1.0) * fade * opacity; }`

export class OfficersCanvas {
  readonly element = document.createElement('canvas')
  private readonly gl: WebGL2RenderingContext
  private dots!: Drawing
  private rings!: Drawing
  private ringCount = 0

  /**
   * Throws when there is no WebGL 2; the map itself could not be there either. `restored` is called when the card was
   * lost and is back, as happens to a wall that stands for weeks: everything must be uploaded anew.
   */
  constructor(restored: () => void) {
    const gl = this.element.getContext('webgl2', { alpha: true, antialias: false, depth: false, stencil: false })
    if (!gl) throw new Error('no WebGL 2')
    this.gl = gl
    this.element.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;pointer-events:none'
    this.element.setAttribute('aria-hidden', 'true')
    this.element.addEventListener('webglcontextlost', (event) => event.preventDefault()) // or it never comes back
    this.element.addEventListener('webglcontextrestored', () => {
      this.prepare()
      restored()
    })
    this.prepare()
  }

  private prepare(): void {
    const { gl } = this
    this.dots = new Drawing(gl, DOTS, DOTS_COLOUR, [4, 4, 1], STRIDE)
    this.rings = new Drawing(gl, RINGS, RINGS_COLOUR, [4], 4)
    this.ringCount = 0
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  }

  /** Hand what has changed to the card. */
  upload(movers: Movers): void {
    this.dots.upload(movers.data.subarray(0, movers.count * STRIDE))
  }

  /** Which old fixes are in sight, with how far from each its officer may be by now. */
  uploadDoubts(movers: Movers, camera: Camera, now: number): void {
    const kept: number[] = []
    const reach = { x: camera.width / camera.scale, y: camera.height / camera.scale }
    const [midX, midY] = [camera.x - movers.originX, camera.y - movers.originY]
    for (const { x, y, ageS, accuracyM, selected } of movers.fixes(now)) {
      if (kept.length >= MOST_RINGS * 4 && !selected) continue
      if (!selected && (ageS < DOUBT_FROM_S || ageS > FAR_S)) continue
      if (Math.abs(x - midX) > reach.x || Math.abs(y - midY) > reach.y) continue
      const units = doubtM(accuracyM, ageS) / metresPerUnit(movers.originY + y)
      if (units * camera.scale < 8) continue // hidden by the dot
      kept.push(x, y, units, selected ? 0.9 : 0.5 * (1 - Math.max(0, ageS - DOUBT_FROM_S) / FAR_S))
    }
    this.ringCount = kept.length / 4
    this.rings.upload(new Float32Array(kept))
  }

  draw(movers: Movers, camera: Camera, look: Look, now: number): void {
    const { gl, element } = this
    if (gl.isContextLost()) return
    const [width, height] = [Math.round(camera.width * camera.ratio), Math.round(camera.height * camera.ratio)]
    if (element.width !== width || element.height !== height) {
      element.width = width
      element.height = height
    }
    gl.viewport(0, 0, width, height)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    const values: Values = {
      centre: [camera.x - movers.originX, camera.y - movers.originY],
      drawnAt: [camera.px, camera.py], size: [camera.width, camera.height], scale: camera.scale, ratio: camera.ratio,
      now: (now - movers.epoch) / 1000, radius: look.radius, opacity: look.opacity, arrows: look.arrows ? 1 : 0,
      free: rgb(look.free), busy: rgb(look.busy), stale: rgb(look.stale), ground: rgb(look.ground),
      land: rgb(look.land), accent: rgb(look.accent), labelCount: look.labels.length / 4,
    }
    if (look.labels.length > 0) values.labels = look.labels
    this.rings.draw(values, (RING_CORNERS + 1) * 2, this.ringCount)
    this.dots.draw(values, 4, movers.count)
  }

  remove(): void {
    this.element.remove()
    this.gl.getExtension('WEBGL_lose_context')?.loseContext() // browsers allow only a few at a time
  }
}

/** Uniforms by name: a number, two or three, or an array of fours. */
type Values = Record<string, number | readonly number[] | Float32Array>

/** A program with its instances: a strip of corners is drawn once for each. */
class Drawing {
  private readonly program: WebGLProgram
  private readonly vertices: WebGLVertexArrayObject
  private readonly buffer: WebGLBuffer
  private readonly places = new Map<string, WebGLUniformLocation | null>()
  private readonly gl: WebGL2RenderingContext

  constructor(gl: WebGL2RenderingContext, vertex: string, fragment: string, fields: readonly number[], stride: number) {
    this.gl = gl
    this.program = linked(gl, vertex, fragment)
    this.vertices = gl.createVertexArray()
    this.buffer = gl.createBuffer()
    gl.bindVertexArray(this.vertices)
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer)
    let offset = 0
    fields.forEach((size, location) => {
      gl.enableVertexAttribArray(location)
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, stride * 4, offset * 4)
      gl.vertexAttribDivisor(location, 1)
      offset += size
    })
  }

  upload(data: Float32Array): void {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer)
    this.gl.bufferData(this.gl.ARRAY_BUFFER, data, this.gl.DYNAMIC_DRAW)
  }

  draw(values: Values, corners: number, instances: number): void {
    if (instances === 0) return
    const { gl } = this
    gl.useProgram(this.program)
    gl.bindVertexArray(this.vertices)
    for (const [name, value] of Object.entries(values)) {
      if (!this.places.has(name)) this.places.set(name, gl.getUniformLocation(this.program, name))
      const place = this.places.get(name)!
      if (place === null) continue
      if (typeof value === 'number') gl.uniform1f(place, value)
      else if (value instanceof Float32Array) gl.uniform4fv(place, value)
      else if (value.length === 2) gl.uniform2f(place, value[0]!, value[1]!)
      else gl.uniform3f(place, value[0]!, value[1]!, value[2]!)
    }
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, corners, instances)
  }
}

function linked(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(type)!
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? 'not linked')
  return program
}

const colours = new Map<string, readonly number[]>()
/** `#rrggbb` as three numbers between 0 and 1. */
function rgb(hex: string): readonly number[] {
  let found = colours.get(hex)
  if (!found) {
    found = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    colours.set(hex, found)
  }
  return found
}
