/** What the main thread of a long run and its lanes say to each other. */
import type { Target } from '../../../findings/case.ts';
import type { Severity } from '../../../findings/check.ts';
import type { Depth } from '../../../findings/endpoint.ts';
import type { VisitEnd } from '../../../findings/observation.ts';
import type { Profile } from '../../../findings/profiles/profile.ts';
import type { IpAddress } from '../../../names/address.ts';
import type { LeftAlone } from '../../../net/https.ts';
import type { Called } from '../../../scanner/policy-calls.ts';
import type { PortSeen } from '../../../scanner/port-blocked.ts';
import type { Seeing } from '../../../scanner/shared.ts';
import type { Way } from '../../../scanner/visits.ts';
import type { LoadRequest } from '../../config/load.ts';
import type { RowFormat } from '../formats/kinds.ts';
import type { CheckTerms } from '../open.ts';
import type { Share } from '../totals.ts';

/** What a lane is started with; plain data. */
export interface LaneTerms {
  readonly load: LoadRequest;
  readonly terms: Omit<CheckTerms, 'optOut' | 'onNotice'>;
  readonly failOn: Severity;
  /** Of `--only`, which could be read. */
  readonly only: string | undefined;
  readonly profile: Profile | undefined;
  readonly failAt: number | undefined;
  readonly format: RowFormat;
  readonly details: boolean;
  readonly withoutRecording: boolean;
}

/** Of a target that was worked on in a lane. */
export type Done =
  | {
      readonly kind: 'judged';
      readonly share: Share;
      readonly ports: readonly PortSeen[];
      /** As it is printed. */
      readonly text: string;
    }
  | { readonly kind: 'invalid'; readonly because: string }
  | { readonly kind: 'crowded'; readonly lines: readonly string[] }
  | { readonly kind: 'dropped' };

/** Numbers are those of targets (`job`), of ways to doors (`way`) and of calls of policy hosts (`call`), which the lane counts. */
export type ToLane =
  | { readonly kind: 'target'; readonly job: number; readonly target: Target }
  /** The lines that are too long; none: it may wait. */
  | { readonly kind: 'joined'; readonly job: number; readonly long: readonly string[] }
  /** It is the lane's turn at a door: it goes there, and looks at so much. */
  | { readonly kind: 'go'; readonly way: number; readonly depth: Depth }
  /** Nobody goes there: this is what came of it. */
  | { readonly kind: 'known'; readonly way: number; readonly seeing: Seeing }
  /** Whether there may be a further connection; it is time for it. */
  | { readonly kind: 'next'; readonly way: number; readonly answer: 'go' | 'stop' }
  /** It is the lane's turn at a policy host, or nobody calls there. */
  | { readonly kind: 'call'; readonly call: number; readonly entry: 'entered' | LeftAlone }
  | { readonly kind: 'end' };

export type FromLane =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly because: string }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'join'; readonly job: number; readonly lines: readonly string[] }
  | { readonly kind: 'ask'; readonly way: number; readonly to: Way }
  | { readonly kind: 'between'; readonly way: number; readonly last: VisitEnd }
  | { readonly kind: 'seen'; readonly way: number; readonly seeing: Extract<Seeing, { kind: 'seen' }> }
  | { readonly kind: 'ask-call'; readonly call: number; readonly address: IpAddress }
  | { readonly kind: 'called'; readonly call: number; readonly called: Called }
  | { readonly kind: 'done'; readonly job: number; readonly done: Done };
