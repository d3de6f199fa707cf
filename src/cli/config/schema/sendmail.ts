/** `[sendmail]`: where users of this host leave mail by `waxwing sendmail`. */
import { z } from 'zod';
import { parsePath } from '../values.ts';
import { text } from './kit.ts';

export const sendmail = z
  .strictObject({
    spool: text(parsePath, '/var/spool/waxwing')
      .optional()
      .describe(
        'Folder in which users of this host leave mail by `waxwing sendmail`: whoever can reach it can send. Default: spool in the data folder, which only root and the user of waxwing can reach.',
      ),
  })
  .prefault({})
  .describe('Mail of users of this host.');
