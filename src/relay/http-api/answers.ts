/** How the HTTP API says no. */
import type { Context } from 'hono';
import { z } from 'zod';

/** A request that is not carried out. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: RefusalStatus;
  /** One sentence: what is wrong, and what would be right. */
  readonly error: string;
  /** The part of the request that is wrong, as `attachments[0].content`; null: no one part. */
  readonly field: string | null;
  /** What was exceeded; null: nothing was. */
  readonly limit: number | null;
  /** Seconds; null: it is no use to come again with the same. */
  readonly retryAfter: number | null;
}

export type RefusalStatus = 400 | 401 | 403 | 404 | 408 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

export const refusalSchema = z
  .strictObject({
    error: z.string().describe('One sentence: what is wrong, and what would be right.'),
    field: z
      .string()
      .nullable()
      .describe('The part of the request that is wrong, as attachments[0].content; null: no one part.'),
    limit: z.number().nullable().describe('What was exceeded; null: nothing was.'),
  })
  .meta({ id: 'Error' });

export function refused(
  status: RefusalStatus,
  error: string,
  about: Partial<Pick<Refused, 'field' | 'limit' | 'retryAfter'>> = {},
): Refused {
  const { field = null, limit = null, retryAfter = null } = about;
  return { kind: 'refused', status, error, field, limit, retryAfter };
}

export function answerRefused(
  context: Context,
  { status, error, field, limit, retryAfter }: Refused,
): Response {
  if (retryAfter !== null) context.header('retry-after', String(retryAfter));
  if (status === 401) context.header('www-authenticate', 'Bearer realm="waxwing"');
  // Else Node reads on what nobody wants, for as long as the client likes to send.
  if (context.req.method !== 'GET') context.header('connection', 'close');
  const body: z.infer<typeof refusalSchema> = { error, field, limit };
  return context.json(body, status);
}

type Issue = z.core.$ZodIssue;

/** Of all that a schema has against a value, the first. */
export function refusalOf({ issues }: z.ZodError, status: RefusalStatus = 400): Refused {
  const [issue] = issues;
  if (issue === undefined) return refused(status, 'the request is not of the right form');
  const { path, message, limit } = faultOf(issue, []);
  const field = path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
  return refused(status, `${field === '' ? 'the request' : field}: ${message}`, {
    field: field === '' ? null : field,
    limit,
  });
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly limit: number | null;
}

function faultOf(issue: Issue, around: readonly PropertyKey[]): Fault {
  const path = [...around, ...issue.path];
  switch (issue.code) {
    case 'invalid_union': {
      // Of several forms the one is meant that is of the right type.
      const meant = firstOfEach(issue).find((first) => !isOfOtherType(first));
      return meant === undefined
        ? { path, message: 'is missing, or of another type', limit: null }
        : faultOf(meant, path);
    }
    case 'unrecognized_keys':
      return { path: [...path, issue.keys[0] ?? ''], message: 'no field is called so', limit: null };
    case 'invalid_key':
      return { path, message: issue.issues[0]?.message ?? issue.message, limit: null };
    case 'invalid_type':
      return { path, message: `has to be of type ${issue.expected}`, limit: null };
    case 'too_big':
      return { path, message: issue.message, limit: Number(issue.maximum) };
    default:
      return { path, message: issue.message, limit: null };
  }
}

function firstOfEach({ errors }: Extract<Issue, { code: 'invalid_union' }>): readonly Issue[] {
  return errors.map(([first]) => first).filter((first) => first !== undefined);
}

function isOfOtherType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === 'invalid_union'
    ? firstOfEach(issue).every(isOfOtherType)
    : issue.code === 'invalid_type';
}
