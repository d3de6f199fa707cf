/** The part of a check that --profile adds: what was demanded, and whether it holds. */
import { z } from 'zod';

const text = z.string();
const severity = z.enum(['critical', 'high', 'medium', 'low', 'info']);
const requirementState = z
  .enum(['met', 'not-met', 'not-tested', 'not-applicable'])
  .describe(
    'not-tested: this depth or this program does not look at it, or it could not be seen; that is never met. ' +
      'not-applicable: there is nothing that it could be about.',
  );
const level = z
  .enum(['good', 'sufficient', 'phase-out', 'insufficient'])
  .describe('The worst that was seen, of requirements that know levels.');

const requirement = z.strictObject({
  id: text.describe('Stable within the profile.'),
  title: text.describe('What has to hold.'),
  clause: text.describe('Where the source says so.'),
  state: requirementState,
  severity: severity.describe('Of its not being met, or not tested.'),
  untested: severity
    .nullable()
    .describe(
      'How bad it may be what of it was not tested, also where it is not met; null: all of it was tested.',
    ),
  level: level.nullable(),
  outside: z.boolean().describe('Outside of what this check can see: it counts for nothing.'),
  places: z.array(
    z.strictObject({
      scope: z.strictObject({
        domain: text.optional(),
        host: text.optional(),
        address: text.optional(),
        port: z.int().min(1).max(65_535).optional(),
      }),
      state: requirementState,
      level: level.nullable(),
      evidence: z.array(text),
    }),
  ),
  ahead: requirementState
    .nullable()
    .describe('At the moment of --fail-at, if nothing is renewed until then; null without it.'),
});

export const checkProfileSchema = z
  .strictObject({
    name: text,
    title: text,
    state: requirementState.describe(
      'Of all requirements that are not outside of this check; not-applicable where there is none.',
    ),
    requirements: z.array(requirement).describe('Those that are not met first, the worst of them first.'),
    severities: z
      .record(text, severity)
      .describe('By id or beginning of an id: how bad the profile says that findings are.'),
    others: z
      .enum(['count', 'ignore'])
      .describe('Whether findings that are not named there count for the exit code.'),
  })
  .describe('With --profile only. Severities of findings are those of the profile then.');

export type CheckProfile = z.output<typeof checkProfileSchema>;
