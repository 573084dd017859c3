import type { Dictionary, MapColumn, StringColumn } from '@wayward/clickhouse'

const keysLeast = 64

/** A row of a map that many rows repeat: the attributes of a resource or a scope, encoded once. */
export class RowTemplate {
  ids: Uint32Array = new Uint32Array(keysLeast)
  count = 0
  readonly values: StringColumn
  #cells: Uint8Array

  /** @param values a column of its own, which holds the values of one row */
  constructor(values: StringColumn) {
    this.values = values
    this.#cells = values.encoded()
  }

  /** Bytes that each row copies. */
  get bytes(): number {
    return this.#cells.length + this.count * 4
  }

  begin(count: number): void {
    if (count > this.ids.length) this.ids = new Uint32Array(count)
    this.count = count
    this.values.clear()
  }

  end(): void {
    this.#cells = this.values.encoded()
  }

  /** @param ids of the keys in the dictionary of this map */
  appendTo(map: MapColumn, ids: Uint32Array = this.ids): void {
    map.keys.appendIds(ids, this.count)
    map.values.appendEncoded(this.#cells)
    map.endRow()
  }
}

/**
 * A template whose keys have ids in the dictionary of another map, too: one resource is read once
 * and repeated in rows of several tables.
 */
export class TranslatedRow {
  #ids: Uint32Array = new Uint32Array(keysLeast)
  readonly #template: RowTemplate
  readonly #source: Dictionary
  readonly #map: MapColumn

  /**
   * @param source the dictionary that the template's ids are of
   * @param map where the rows are appended
   */
  constructor(template: RowTemplate, source: Dictionary, map: MapColumn) {
    this.#template = template
    this.#source = source
    this.#map = map
  }

  /** Follows the template, which has changed, or whose keys the map has forgotten. */
  update(): void {
    const template = this.#template
    const source = this.#source
    const { dictionary } = this.#map.keys
    if (template.count > this.#ids.length) this.#ids = new Uint32Array(template.ids.length)
    for (let i = 0; i < template.count; i++) {
      this.#ids[i] = translated(template.ids[i] as number, source, dictionary)
    }
  }

  append(): void {
    this.#template.appendTo(this.#map, this.#ids)
  }
}

/** The id in `target` of a key of `source`. */
export function translated(id: number, source: Dictionary, target: Dictionary): number {
  const key = source.key(id)
  return target.intern(key, 0, key.length)
}
