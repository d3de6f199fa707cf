/** Those who wait for their turn, first come, first served; taking one costs the same however many there are. */
export class Line<Item> {
  #items: Item[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Who is next; undefined where nobody waits. */
  get next(): Item | undefined {
    return this.#items[this.#first];
  }

  /** Lets the next one go. */
  leave(): void {
    if (this.length === 0) return;
    this.#first += 1;
    // Not each time: that would move all that wait.
    if (this.#first * 2 <= this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }

  /** Empties it. @returns all that waited. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#first);
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
