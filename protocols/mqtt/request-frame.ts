import { z } from 'zod';
import { Id } from '../../controller/domain/intake.ts';
import type { IntakeRequest } from '../../controller/domain/intake.ts';
import type { RefusalReason } from './refused-messages.ts';

/** The version of the interface, for sites whose topics do not carry it. */
export const INTERFACE_VERSION = 1;

/** A request that asks to be late may be at most this late, s. */
const MAX_VALID_S = 86_400;

/** Makes a repeat harmless: the same id is carried out once and answered `duplicate` after that. */
export const RequestId = Id.describe('Chosen by the sender; a repeat with the same id is carried out once');

const Seconds = z.number().refine((value) => !Object.is(value, -0), 'is negative zero; give 0');

/** What every request carries beside its own fields. */
export const RequestFrame = z
  .strictObject({
    requestId: RequestId,
    version: z
      .literal(INTERFACE_VERSION)
      .optional()
      .describe('Of the interface; another one is refused and not guessed at'),
    epoch: z
      .int()
      .min(0)
      .optional()
      .describe('The controller that is meant, as its status says; refused by any other'),
    echoS: Seconds.min(0)
      .optional()
      .describe('`nowS` of the newest status that the sender had: the controller’s own clock, given back'),
    validForS: Seconds.positive()
      .max(MAX_VALID_S)
      .optional()
      .describe('The request has expired once the controller’s clock has passed echoS + validForS'),
  })
  .refine((frame) => (frame.echoS === undefined) === (frame.validForS === undefined), {
    path: ['validForS'],
    message: 'and echoS belong together; give both or neither',
  });
export type RequestFrame = z.infer<typeof RequestFrame>;
export const REQUEST_FRAME_FIELDS = Object.keys(RequestFrame.shape);

/** Who takes requests, and when it is by its own clock. */
export interface Receiver {
  readonly epoch: number;
  readonly nowS: number;
}

/** How a request came. */
export interface Delivery {
  readonly retained: boolean;
  readonly qos: 0 | 1 | 2;
}

export interface FrameFault {
  /** What its sender is told. */
  readonly code: 'retained' | 'wrong-qos' | 'stale-epoch' | 'future-epoch' | 'expired' | 'malformed';
  /** What is counted. */
  readonly reason: RefusalReason;
  readonly message: string;
}

/**
 * Whether a request is live and meant for this controller. No two clocks are compared: the sender gives back an
 * instant of the receiver's. A command that stops is held to less, because stopping is safe: only one that the broker
 * kept from an earlier time is refused, which would stop the cell after every restart.
 */
export function frameFault(
  request: IntakeRequest,
  frame: RequestFrame,
  delivery: Delivery,
  receiver: () => Receiver,
): FrameFault | null {
  if (delivery.retained) {
    const message =
      'a retained request would be carried out again after every restart; publish with retain off';
    return { code: 'retained', reason: 'retained', message };
  }
  if (isStopping(request)) return null;
  if (delivery.qos === 0) {
    return {
      code: 'wrong-qos',
      reason: 'wrong-qos',
      message: 'QoS 0 may be lost without a word; publish with QoS 1',
    };
  }
  const { epoch, echoS, validForS } = frame;
  if (epoch === undefined && echoS === undefined) return null;
  const now = receiver();
  if (epoch !== undefined && epoch !== now.epoch) {
    const message = `meant for epoch ${epoch}, this is ${now.epoch}; read the status and decide anew`;
    return epoch < now.epoch
      ? { code: 'stale-epoch', reason: 'stale-epoch', message }
      : { code: 'future-epoch', reason: 'future-epoch', message };
  }
  if (echoS === undefined || validForS === undefined) return null;
  if (echoS > now.nowS) {
    const message = `echoS ${echoS} is ahead of this controller’s clock, ${now.nowS.toFixed(3)}; give back nowS of a status`;
    return { code: 'malformed', reason: 'out-of-range', message };
  }
  const ageS = now.nowS - echoS;
  if (ageS <= validForS) return null;
  const message = `${ageS.toFixed(3)} s old by this controller’s clock, valid for ${validForS} s; read the status and decide anew`;
  return { code: 'expired', reason: 'expired', message };
}

function isStopping(request: IntakeRequest): boolean {
  return request.kind === 'cell' && ['hold', 'suspend', 'stop', 'abort'].includes(request.body.command);
}
