/** `[report_only]`: what is kept of sessions so that rules can be tried on it before they are in force. */
import { z } from 'zod';
import { parseDuration } from '../values.ts';
import { complaints, text } from './kit.ts';

const DAY_MS = 86_400_000;

export const reportOnly = z
  .strictObject({
    mode: z
      .enum(['off', 'on'])
      .default('on')
      .describe('Whether it is kept what sessions have shown, for "waxwing policy propose" and "replay".'),
    keep: text(parseDuration)
      .prefault('30d')
      .describe('How long. It is kept by day, and what is proposed wants seven days.'),
  })
  .prefault({})
  .transform(({ mode, keep }, context) => {
    if (keep < DAY_MS) complaints(context)('keep', 'has to be 1d at least: it is kept by day');
    return { mode, keepMs: keep };
  })
  .describe('What rules would have done with the sessions of the last days.');
