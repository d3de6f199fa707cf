/** `[forwarding]`: how mail is sent on to addresses in other domains. */
import { z } from 'zod';
import { parseDomain } from '../../../names/domain.ts';
import { parsePath } from '../values.ts';
import { complaints, text } from './kit.ts';

export const forwarding = z
  .strictObject({
    srs_domain: text(parseDomain, 'example.test')
      .optional()
      .describe(
        'One of your [[domain]]s: it stands in the envelope sender of mail that an alias sends elsewhere (SRS), so that SPF fits, and takes what comes back.',
      ),
    srs_secret_file: text(parsePath, 'srs.secret')
      .optional()
      .describe('File with the secret that these senders are made with: one line of at least 16 octets.'),
  })
  .prefault({})
  .superRefine(({ srs_domain: domain, srs_secret_file: file }, context) => {
    const complain = complaints(context);
    if (domain === undefined && file !== undefined)
      complain('srs_domain', 'is missing beside srs_secret_file');
    if (domain !== undefined && file === undefined)
      complain('srs_secret_file', 'is missing beside srs_domain');
  })
  .describe('Mail that aliases send to other domains.');
