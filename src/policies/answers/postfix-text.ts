/**
 * How an answer is written for a Postfix of a certain version.
 *
 * Any attribute that it does not know makes the whole policy invalid, and the mail waits. `servername` came with 3.4, what
 * reports of TLS-RPT need with 3.10. Words are separated by spaces, and braces hold one attribute together.
 */
import { formatPattern, type StsPolicy } from '../mta-sts/policy.ts';
import type { PostfixAnswer } from './postfix.ts';

export interface PostfixVersion {
  readonly major: number;
  readonly minor: number;
}

/** What is written beside level and names. */
export interface PostfixAttributes {
  /** Whether the server is asked for its certificate by its name (SNI). */
  readonly serverName: boolean;
  /** Whether the policy is told, so that reports can name it. */
  readonly tlsRpt: boolean;
}

export const oldestPostfix: PostfixVersion = { major: 2, minor: 11 };

export function attributesFor(version: PostfixVersion): PostfixAttributes {
  return { serverName: isAtLeast(version, 3, 4), tlsRpt: isAtLeast(version, 3, 10) };
}

export function isAtLeast(
  { major, minor }: PostfixVersion,
  wantedMajor: number,
  wantedMinor: number,
): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/**
 * @param fits whether a text is short enough. Where all of it is not, the lines of the policy are left out, then its patterns, and then
 *   the hosts that may be used now stand for those.
 * @returns undefined where even that is too long.
 */
export function showPolicy(
  answer: Extract<PostfixAnswer, { kind: 'level' | 'secure' }>,
  attributes: PostfixAttributes,
  fits: (text: string) => boolean,
): string | undefined {
  if (answer.kind === 'level') return answer.level;
  const end = attributes.serverName ? ' servername=hostname' : '';
  const plain = (match: readonly string[]): string => `secure match=${match.join(':')}${end}`;
  const { sts, match, hosts } = answer;
  const told = attributes.tlsRpt && sts !== null ? [strings(sts.policy), ''] : [];
  const texts = [
    ...told.map(
      (lines) =>
        `${plain(match)} policy_type=sts policy_domain=${sts?.domain}${patterns(sts?.policy)}${lines}`,
    ),
    plain(match),
    ...(hosts.length === 0 ? [] : [plain(hosts)]),
  ];
  return texts.find(fits);
}

function patterns(policy: StsPolicy | undefined): string {
  return (policy?.mx ?? []).map((one) => ` mx_host_pattern=${formatPattern(one)}`).join('');
}

/** The lines of the policy as its domain wrote them, without those that could be taken for something else. */
function strings({ lines }: StsPolicy): string {
  return lines
    .filter((line) => PLAIN.test(line))
    .map((line) => ` { policy_string = ${line} }`)
    .join('');
}

/** Printable ASCII without braces, which end an attribute, and commas, which separate them. */
const PLAIN = /^(?=.*[^ ])[ -+\--z|~]+$/;
