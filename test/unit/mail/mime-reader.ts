/** A reader of MIME for tests: naive, line by line, and sharing nothing with src/mail. */

export interface Leaf {
  /** Lower-case names with their unfolded values, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** As it stands, one character per octet. */
  readonly raw: string;
  /** After the transfer encoding is undone. */
  readonly decoded: string;
}

/** All leaf parts of a message, in order; one character per octet everywhere. */
export function readLeaves(entity: string, defaultType = 'text/plain'): Leaf[] {
  const split = `\r\n${entity}`.indexOf('\r\n\r\n');
  const head = split === -1 ? entity : entity.slice(0, split);
  const raw = split === -1 ? '' : entity.slice(split + 2);
  const fields = head
    .replace(/\r\n([ \t])/g, '$1')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^ /, '')] as const;
    });
  const type = valueOf(fields, 'content-type') ?? defaultType;
  const encoding = (valueOf(fields, 'content-transfer-encoding') ?? '7bit').toLowerCase();
  const isComposite = /^(multipart\/|message\/rfc822)/i.test(type);
  if (isComposite && !/^(7bit|8bit|binary)$/.test(encoding)) throw new Error(`${encoding} on ${type}`);
  if (/^message\/rfc822/i.test(type)) return readLeaves(raw);
  if (!isComposite) return [{ fields, raw, decoded: decode(raw, encoding) }];
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1] ?? '';
  const childType = /^multipart\/digest/i.test(type) ? 'message/rfc822' : 'text/plain';
  return partsOf(raw, boundary).flatMap((part) => readLeaves(part, childType));
}

/** The value of the only field of that name; undefined where there is none. */
export function valueOf(fields: Leaf['fields'], name: string): string | undefined {
  const values = fields.filter(([field]) => field === name);
  if (values.length > 1) throw new Error(`two fields ${name}`);
  return values[0]?.[1];
}

export function partsOf(body: string, boundary: string): string[] {
  const parts: string[][] = [];
  for (const line of body.split('\r\n')) {
    if (line.replace(/[ \t]+$/, '') === `--${boundary}--`) break;
    if (line.replace(/[ \t]+$/, '') === `--${boundary}`) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((lines) => lines.join('\r\n'));
}

export function decode(raw: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(raw.replaceAll('\r\n', ''), 'base64').toString('latin1');
  if (encoding !== 'quoted-printable') return raw;
  return raw
    .replace(/[ \t]+(?=\r\n|$)/g, '')
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
