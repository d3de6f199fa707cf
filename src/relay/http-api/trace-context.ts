/** `traceparent`, by which whoever follows a request over many programs finds it again (W3C Trace Context §3.2). */

const ZERO_TRACE = '0'.repeat(32);
const ZERO_PARENT = '0'.repeat(16);

/**
 * @param value of the request header.
 * @returns the value as it came; null where there is none, or none that may be used: the specification has a broken one
 * ignored, so that nobody's mail waits for the tracing.
 */
export function readTraceParent(value: string | undefined): string | null {
  // A later version may have more behind the flags; what stands before it keeps its meaning.
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[\x21-\x7e]{1,200})?$/.exec(
    value ?? '',
  );
  if (match === null) return null;
  const [whole, version, trace, parent, more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  return trace === ZERO_TRACE || parent === ZERO_PARENT ? null : whole;
}
