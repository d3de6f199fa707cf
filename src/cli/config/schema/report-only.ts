/** `[report_only]`: what is kept of sessions so that rules can be tried on it before they are in force. */
import { z } from 'zod';
import { parseDuration } from '../values.ts';
import { text } from './kit.ts';

export const reportOnly = z
  .strictObject({
    mode: z
      .enum(['off', 'on'])
      .default('on')
      .describe('Whether it is kept what sessions have shown, for "waxwing policy propose" and "replay".'),
    keep: text(parseDuration).prefault('30d').describe('How long.'),
  })
  .prefault({})
  .transform(({ mode, keep }) => ({ mode, keepMs: keep }))
  .describe('What rules would have done with the sessions of the last days.');
