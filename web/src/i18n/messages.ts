/** What the English must hold: the keys of the Chinese, each a text. The compiler names the one that is missing. */
export type SameKeys<Shape> = { [Key in keyof Shape]: Shape[Key] extends string ? string : SameKeys<Shape[Key]> }
