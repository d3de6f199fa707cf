/** Remembers what was read from octets that are looked at again and again. */

/** A certificate of a provider is met a thousand times in a list; this many different ones take some ten megabytes. */
const MOST = 500;

/**
 * The same function, which reads the same piece of memory once, as long as fewer than {@link MOST} others came since.
 *
 * For octets that nobody changes, such as certificates: reading one takes OpenSSL 0.15 ms, and each rule reads it.
 */
export function onceEach<Key extends object, Value>(read: (octets: Key) => Value): (octets: Key) => Value {
  const known = new Map<Key, { readonly value: Value }>();
  return (octets) => {
    const found = known.get(octets);
    if (found !== undefined) return found.value;
    const value = read(octets);
    if (known.size >= MOST) {
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    }
    known.set(octets, { value });
    return value;
  };
}
