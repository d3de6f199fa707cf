/** What came of all programs at one server, as plain data that can be kept. */
import { z } from 'zod';
import { type Comparison, compare, type Difference, showVerdict } from './compare.ts';
import { type Sighting, versionNames } from './sighting.ts';
import { type ToolName, toolNames } from './tool.ts';
import type { Toured } from './tour.ts';

export const kinds = ['tls', 'version', 'suite', 'group', 'certificate', 'verified'] as const;
const difference = z.object({ kind: z.enum(kinds), what: z.string(), ours: z.string(), theirs: z.string() });
const visit = { connections: z.number(), seconds: z.number() };

export const resultSchema = z.object({
  name: z.string(),
  protocol: z.string(),
  tls: z.string(),
  ours: z.object({
    ...visit,
    versions: z.array(z.object({ name: z.enum(versionNames), suites: z.number() })),
    groups: z.array(z.string()),
    certificates: z.number(),
    verified: z.string(),
  }),
  tools: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('cannot'), name: z.enum(toolNames), because: z.string() }),
      z.object({
        kind: z.literal('seen'),
        name: z.enum(toolNames),
        ...visit,
        compared: z.record(z.enum(kinds), z.number()),
        differences: z.array(difference),
      }),
    ]),
  ),
});

export type Result = z.output<typeof resultSchema>;

/** Compares ours with that of every other program. */
export function resultOf({ name, door: { protocol, tls }, ours, tools }: Toured): Result {
  return {
    name,
    protocol,
    tls,
    ours: { connections: ours.connections, seconds: ours.seconds, ...summaryOf(ours.sighting) },
    tools: [...tools].map(([tool, by]) => {
      if (by.kind === 'cannot') return { ...by, name: tool };
      const compared = compare(ours.sighting, by.sighting);
      const { connections, seconds } = by;
      return {
        kind: 'seen' as const,
        name: tool,
        connections,
        seconds,
        ...compared,
        differences: [...compared.differences],
      };
    }),
  };
}

/** How many facts were compared. */
export function factsOf({ compared }: Pick<Comparison, 'compared'>): number {
  return Object.values(compared).reduce((sum, count) => sum + count, 0);
}

function summaryOf({ versions, suites, groups, certificates, verified }: Sighting) {
  const spoken = versionNames.filter((name) => versions.get(name) === true);
  return {
    versions: spoken.map((name) => ({ name, suites: suites.get(name)?.items.size ?? 0 })),
    groups: [...groups.items],
    certificates: certificates.items.size,
    verified: showVerdict(verified),
  };
}

/** A difference with where and with whom it is. */
export interface Met extends Difference {
  readonly server: string;
  readonly tool: ToolName;
}

export function differencesIn(results: readonly Result[]): readonly Met[] {
  return results.flatMap(({ name: server, tools }) =>
    tools.flatMap((tool) =>
      tool.kind === 'cannot' ? [] : tool.differences.map((one) => ({ ...one, server, tool: tool.name })),
    ),
  );
}
