/** A profile of one's own, as it is written: the JSON Schema that is published is made from this. */
import { z } from 'zod';
import { checkIds } from '../../findings/catalogue.ts';
import { severities } from '../../findings/check.ts';
import { builtIn, builtInNames } from '../../findings/profiles/built-in.ts';
import { facets, factNames, isMeant, levels, type Test } from '../../findings/profiles/profile.ts';
import { quote } from '../../names/domain.ts';
import { nearest } from '../config/suggest.ts';
import { sectionsOf } from './selection.ts';

const LONGEST = 400;
const MOST = 200;

const line = z
  .string()
  .min(1)
  .max(LONGEST)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters');
const severity = z.enum(severities);

/** Ids that profiles of the program name, and it does not look at yet: what is demanded of them is not tested. */
const coming = builtIn
  .flatMap(({ requirements }) => requirements.flatMap(({ test }) => idsIn(test)))
  .filter((id) => !checkIds.some((known) => isMeant(known, id)));

function idsIn(test: Test): readonly string[] {
  if ('of' in test) return test.of.flatMap(idsIn);
  return test.kind === 'findings' ? test.ids : [];
}

/** What is wrong with an id of a check; undefined where it is one, or the beginning of some. */
function faultOfId(id: string): string | undefined {
  if (coming.includes(id) || checkIds.some((known) => isMeant(known, id))) return undefined;
  const near = nearest(id, [...checkIds, ...coming, ...sectionsOf(checkIds)]);
  return `${quote(id)} is no check, and no beginning of one${near === undefined ? '' : `; did you mean ${near}?`}`;
}

const checkId = z.string().superRefine((id, context) => {
  const message = faultOfId(id);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
const checkIdsList = z.array(checkId).min(1).max(MOST);

const choices = z.array(line).max(MOST);
const levelTable = z
  .partialRecord(z.enum(levels), choices)
  .describe(
    'By level, the choices that have it: a name, a name with * for any characters, or RSA>=3072. What stands nowhere is insufficient.',
  );

/** The keys of one test. */
const testKeys = {
  findings: checkIdsList.optional().describe('Ids of checks, or beginnings: all that is found has to pass.'),
  except: checkIdsList.optional().describe('Ids, or beginnings, among them that do not matter.'),
  silent: z
    .enum(['met', 'not-tested', 'not-applicable'])
    .optional()
    .describe('What it means that nothing was found of one (not-tested).'),
  facet: z.enum(facets).optional().describe('What has levels.'),
  levels: levelTable.optional(),
  least: z.enum(levels).optional().describe('The lowest level that will do (sufficient).'),
  phase_out_severity: severity.optional().describe('Where nothing is worse than phase-out (low).'),
  fact: z.enum(factNames).optional().describe('What is looked at directly.'),
  mailbox: line.optional().describe('Of dmarc-reports: who has to get them.'),
};
const simpleTest = z.strictObject(testKeys);

const requirement = z
  .strictObject({
    title: line.optional().describe('What has to hold.'),
    clause: line.optional().describe('Where that is said (the name of the profile).'),
    severity: severity.optional().describe('Of its not being met (medium).'),
    leave_out: z
      .boolean()
      .optional()
      .describe('true: of the profile that is extended, this one is not demanded.'),
    ...testKeys,
    any: z.array(simpleTest).min(1).max(MOST).optional().describe('Tests of which one has to hold.'),
    all: z.array(simpleTest).min(1).max(MOST).optional().describe('Tests that all have to hold.'),
  })
  .describe('A requirement of the profile that is extended, as far as it is different, or a new one.');

export type WrittenTest = z.output<typeof simpleTest>;
export type WrittenRequirement = z.output<typeof requirement>;

export const profileFileSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Of this file, for editors; it means nothing here.'),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'must be of lower-case letters, digits, dots and dashes'),
    title: line.optional(),
    extends: z.enum(builtInNames).optional().describe('The profile that this one begins with (default).'),
    others: z
      .enum(['count', 'ignore'])
      .optional()
      .describe(
        'Whether findings that are not named below count for the exit code (as in the profile that is extended).',
      ),
    findings: z
      .record(checkId, severity)
      .optional()
      .describe('How bad findings are, by id or beginning of an id; of several that fit the longest counts.'),
    requirements: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/), requirement)
      .optional()
      .describe('By their ids, which are stable.'),
  })
  .meta({ title: 'Waxwing profile of checks' });

export type WrittenProfile = z.output<typeof profileFileSchema>;

/** The JSON Schema that is published with the package. */
export function profileJsonSchema(): unknown {
  return z.toJSONSchema(profileFileSchema, { io: 'input' });
}
