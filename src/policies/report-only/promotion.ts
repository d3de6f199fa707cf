/** A level that an operator has put in force for a domain by what was seen of it, and that is watched. */
import type { Domain } from '../../names/domain.ts';
import { isInForce } from '../overrides/release.ts';
import type { EpochMs } from '../words.ts';

export interface Promotion {
  readonly domain: Domain;
  readonly level: 'encrypt' | 'authenticate';
  readonly setAt: EpochMs;
  /** Promotions end: what is to last belongs into a rule. */
  readonly until: EpochMs;
  /** In the operator's words. */
  readonly reason: string;
  /** Recipients who may be blocked by it before it is taken back by itself. */
  readonly mostBlocked: number;
  readonly blocked: number;
  /** When it was taken back before its time; null: it was not. */
  readonly endedAt: EpochMs | null;
  readonly endedBecause: string | null;
}

export type PromotionState = 'in-force' | 'over' | 'rolled-back';

export function promotionState(promotion: Promotion, now: EpochMs): PromotionState {
  if (promotion.endedAt !== null) return 'rolled-back';
  return isInForce(promotion, now) ? 'in-force' : 'over';
}

/** Why it is to be taken back; undefined: it is not. */
export function rollbackReason(promotion: Promotion, now: EpochMs): string | undefined {
  if (promotionState(promotion, now) !== 'in-force') return undefined;
  const { blocked, mostBlocked } = promotion;
  if (blocked <= mostBlocked) return undefined;
  return `it has blocked ${blocked} recipient${blocked === 1 ? '' : 's'}, and ${mostBlocked} were said to be bearable`;
}
