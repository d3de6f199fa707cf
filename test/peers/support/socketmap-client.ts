/** Asks a socketmap server one thing after the other, on one connection, and believes nothing but exact netstrings. */
import { connect } from 'node:net';

/** @returns the answers in the order of the keys. */
export async function askSocketmap(
  { address, port }: { readonly address: string; readonly port: number },
  name: string,
  keys: readonly string[],
): Promise<readonly string[]> {
  const socket = connect(port, address);
  const answers: string[] = [];
  let heard = Buffer.alloc(0);
  const next = (): void => {
    const text = `${name} ${keys[answers.length] ?? ''}`;
    socket.write(`${Buffer.byteLength(text)}:${text},`);
  };
  try {
    if (keys.length > 0) next();
    for await (const chunk of socket) {
      heard = Buffer.concat([heard, Buffer.from(chunk)]);
      const [head, digits = ''] = /^(0|[1-9][0-9]*):/.exec(heard.toString('latin1')) ?? [];
      if (head === undefined || heard.length <= head.length + Number(digits)) continue;
      const end = head.length + Number(digits);
      if (heard.length !== end + 1 || heard[end] !== 0x2c)
        throw new Error(`no netstring: ${heard.toString()}`);
      answers.push(heard.toString('latin1', head.length, end));
      heard = Buffer.alloc(0);
      if (answers.length === keys.length) break;
      next();
    }
  } finally {
    socket.destroy();
  }
  if (answers.length < keys.length) throw new Error(`it has closed after ${answers.length} answers`);
  return answers;
}
