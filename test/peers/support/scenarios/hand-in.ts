/** Hands the messages of rows in, by nodemailer, which knows REQUIRETLS. */
import { createTransport } from 'nodemailer';
import type { MessageName } from './row.ts';
import type { Scene } from './scene.ts';

/** Who hands in mail for which a rule has a word; the others need no login. */
export const STRICT = { user: 'strict', password: 'sesame' } as const;

const fields: Readonly<Record<MessageName, string>> = {
  plain: '',
  REQUIRETLS: '',
  'TLS-Required: No': 'TLS-Required: No\r\n',
  'Waxwing-TLS': 'Waxwing-TLS: authenticate\r\n',
};

/** All of them are taken when the promise resolves. @param port with implicit TLS. */
export async function handInAll(port: number, scenes: readonly Scene[]): Promise<void> {
  const options = {
    host: '127.0.0.1',
    port,
    secure: true,
    pool: true,
    maxConnections: 4,
    maxMessages: Number.POSITIVE_INFINITY,
    // The relay's certificate is its own, and who it is does not matter here.
    tls: { rejectUnauthorized: false },
  } as const;
  const anybody = createTransport(options);
  const strict = createTransport({ ...options, auth: { user: STRICT.user, pass: STRICT.password } });
  // What takes longest goes first.
  const inTurn = scenes.toSorted(
    (a, b) => Number(b.row.peer === 'hanging') - Number(a.row.peer === 'hanging'),
  );
  try {
    await Promise.all(
      inTurn.map(async ({ row, sender, recipient }) => {
        const by = row.layer === 'rule authenticate' ? strict : anybody;
        await by.sendMail({
          envelope: { from: sender, to: recipient },
          raw: `${fields[row.message]}Subject: scenario\r\nMessage-ID: <${sender}>\r\n\r\nsecret text\r\n`,
          requireTLSExtensionEnabled: row.message === 'REQUIRETLS',
        });
      }),
    );
  } finally {
    anybody.close();
    strict.close();
  }
}
