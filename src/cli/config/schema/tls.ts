/** `[tls]` and `[[certificate]]`: what the listeners show, and what deliveries trust. */
import { z } from 'zod';
import { parsePath } from '../values.ts';
import { complaints, text } from './kit.ts';

const CERT = 'File with the certificate chain, PEM, our own certificate first.';
const KEY = 'File with its private key, PEM, not encrypted.';

export const tls = z
  .strictObject({
    cert: text(parsePath, '/etc/waxwing/chain.pem').optional().describe(CERT),
    key: text(parsePath, '/etc/waxwing/key.pem').optional().describe(KEY),
    ca: text(parsePath, '/etc/waxwing/roots.pem')
      .optional()
      .describe('File with extra roots, PEM, trusted when we deliver.'),
    client_ca: text(parsePath, '/etc/waxwing/clients.pem')
      .optional()
      .describe(
        'File with the roots, PEM, that may vouch for names in certificates of clients. Default: the public ones.',
      ),
  })
  .superRefine(({ cert, key }, context) => {
    if ((cert === undefined) === (key === undefined)) return;
    const [missing, given] = cert === undefined ? ['cert', 'key'] : ['key', 'cert'];
    complaints(context)(missing, `is missing beside tls.${given}`);
  })
  .prefault({})
  .describe('Certificate that the listeners show, and the roots that deliveries trust.');

export const certificate = z.strictObject({
  cert: text(parsePath, '/etc/waxwing/other-chain.pem').describe(CERT),
  key: text(parsePath, '/etc/waxwing/other-key.pem').describe(KEY),
});
