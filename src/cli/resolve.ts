/** Asks one question, and prints what is proven about the answer. */
import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import { openResolver, type Resolver } from '../net/dns/resolver.ts';
import { showUpstream } from '../net/dns/upstream.ts';
import { describeError } from './config/describe-error.ts';
import { readDnsFiles } from './config/files.ts';
import { type LoadRequest, loadConfig } from './config/load.ts';
import { type Notice, noticeOf } from './dns-notices.ts';
import { resolverOptionsOf } from './dns-settings.ts';
import type { Resolved } from './resolve-advice.ts';
import { toResolution } from './resolve-json.ts';
import { formatResolved } from './resolve-text.ts';
import { lookOf } from './terminal.ts';

export interface ResolveRequest {
  readonly question: Question;
  readonly timeoutMs: number;
  readonly json: boolean;
}

const LEARNT = 0;
const BOGUS = 1;
const WRONG_CONFIGURATION = 2;
const NOT_LEARNT = 3;

/** A look-up takes up to three times as long as one question, and the self-test after it once. */
const PARTS = 4;

/** @returns the exit code. */
export async function resolve(request: ResolveRequest, load: LoadRequest): Promise<number> {
  const loaded = loadConfig(load);
  const read = loaded.kind === 'ok' ? await readDnsFiles(loaded.config, loaded.effective) : loaded;
  if (loaded.kind === 'invalid' || !('files' in read) || read.errors.length > 0) {
    for (const error of read.errors) process.stderr.write(`error: ${describeError(error)}\n`);
    return WRONG_CONFIGURATION;
  }
  const { dnssec: mode } = loaded.config.dns;
  const options = resolverOptionsOf(loaded.config, read.files, {
    // What the resolver cannot give is what is asked for here.
    whenUnprovable: 'refuse',
    timeoutMs: request.timeoutMs / PARTS,
    onNotice: () => undefined,
  });
  const resolver = openResolver(options);
  try {
    const answer = await resolver.lookUp(request.question);
    print(request, {
      answer,
      mode,
      resolvers: options.upstreams.map(showUpstream),
      anchors: options.anchors.map(({ zone }) => zone),
      notices: await noticesFor(answer, mode, resolver),
      now: Date.now(),
    });
    return exitCodeOf(answer);
  } finally {
    await resolver.close();
  }
}

/** Where nothing was learnt or proven, the resolvers may be to blame. */
async function noticesFor(
  { kind, status }: Answer,
  mode: Resolved['mode'],
  resolver: Resolver,
): Promise<readonly Notice[]> {
  const isOpen = status === 'indeterminate' && (kind === 'unknown' || mode === 'trust');
  const notice = isOpen ? noticeOf(await resolver.selfTest(), mode) : undefined;
  return notice === undefined ? [] : [notice];
}

function print({ json }: ResolveRequest, resolved: Resolved): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(toResolution(resolved), undefined, 2)}\n`
      : formatResolved(resolved, lookOf(process.stdout, process.env)),
  );
}

function exitCodeOf({ kind, status }: Answer): number {
  if (kind !== 'unknown') return LEARNT;
  return status === 'bogus' ? BOGUS : NOT_LEARNT;
}
