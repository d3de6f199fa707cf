/** A program that looks at the TLS of servers. */
import type { CheckProtocol } from '../../../src/findings/endpoint.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Door, Sighting } from './sighting.ts';

export const toolNames = [
  'sslscan',
  'nmap',
  'testssl.sh',
  'openssl',
  'gnutls-cli',
  'posttls-finger',
] as const;
export type ToolName = (typeof toolNames)[number];

/** How a program asks for TLS by each protocol; one that is not named it does not speak. */
export type Ways = Readonly<Partial<Record<CheckProtocol, readonly string[]>>>;

export interface Tool {
  readonly name: ToolName;
  /** Where it is unpacked. */
  readonly peer: 'scanners' | 'postfix';
  readonly starttls: Ways;
  /** Protocols at whose ports it can begin with TLS; absent: any. */
  readonly implicit?: Ways;
  /** @param words how it asks for TLS there. */
  readonly look: (sandbox: Sandbox, door: Door, words: readonly string[]) => Promise<Sighting>;
}

/** The root that certificates are to lead to, inside the sandbox. */
export const ROOT_FILE = '/peer/root.pem';

/** Where it looks, or why it cannot. */
export type Way =
  | { readonly kind: 'can'; readonly words: readonly string[] }
  | { readonly kind: 'cannot'; readonly because: string };

export function wayOf({ name, starttls, implicit }: Tool, { protocol, tls }: Omit<Door, 'address'>): Way {
  const words = tls === 'starttls' ? starttls[protocol] : implicit === undefined ? [] : implicit[protocol];
  if (words !== undefined) return { kind: 'can', words };
  const how = tls === 'starttls' ? `STARTTLS of ${protocol}` : `${protocol} with TLS first`;
  return { kind: 'cannot', because: `${name} has no ${how}` };
}

/** Runs lines of a shell, which write to stdout. */
export async function shell(sandbox: Sandbox, lines: string, seconds: number): Promise<string> {
  const { stdout } = await sandbox.run('timeout', [String(seconds), 'sh', '-c', lines], {
    // Debian's alternatives, which are links that installing makes.
    env: { LD_LIBRARY_PATH: '/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack' },
  });
  return stdout;
}

/** A word for a shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A call of a program, and a name under which its answer is found. */
export interface Call {
  readonly name: string;
  readonly words: readonly string[];
}

/** A program hangs at most so long, in seconds; where it hangs at the first question it is asked no other. */
const PATIENCE = 8;

/** Lines of a shell that make calls one after the other; the first one says whether there is anything to ask. */
export function oneByOne(calls: readonly Call[]): string {
  return calls
    .map(({ name, words }, index) => {
      const call = `timeout ${PATIENCE} ${words.map(quoted).join(' ')} </dev/null 2>&1`;
      return `echo ${quoted(`@@${name}`)}; ${call}${index === 0 ? '; [ $? = 124 ] && exit' : ''}`;
    })
    .join('\n');
}

/** Answers to calls, by their names. */
export function answersIn(text: string): ReadonlyMap<string, string> {
  const parts = text.split(/^@@/m).slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end + 1)] as const;
    }),
  );
}
