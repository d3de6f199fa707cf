/** What a list is that is no list of lines: told as what it is, and not as a thousand lines that are no targets. */
import { InputError } from './lines.ts';

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
/** Far more than one line has. */
const LOOKED_AT = 65_536;

/** The same octets. @throws InputError where they begin as something else than text with lines. */
export async function* asText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const other = isFirst ? otherThanText(chunk.subarray(0, LOOKED_AT)) : undefined;
    if (other !== undefined) throw new InputError(other);
    isFirst = false;
    yield chunk;
  }
}

function otherThanText(head: Uint8Array): string | undefined {
  const [first, second] = head;
  const begins = (one: number, other: number): boolean => first === one && second === other;
  if (begins(0x1f, 0x8b)) return 'it is packed (gzip): hand it over by zcat FILE | waxwing check -';
  if (begins(0x50, 0x4b)) return 'it is packed (zip): hand it over by unzip -p FILE | waxwing check -';
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff) || head.includes(0))
    return 'it is no UTF-8 text (UTF-16, as it seems): turn it by iconv -f UTF-16 -t UTF-8 FILE';
  if (head.includes(CARRIAGE_RETURN) && !head.includes(LINE_FEED) && hasSeveral(head))
    return "its lines end with CR alone: turn it by tr '\\r' '\\n' < FILE";
  return undefined;
}

/** Whether something follows a CR, other than more of them. */
function hasSeveral(head: Uint8Array): boolean {
  return head.subarray(head.indexOf(CARRIAGE_RETURN)).some((octet) => octet !== CARRIAGE_RETURN);
}
