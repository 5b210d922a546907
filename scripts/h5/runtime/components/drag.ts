/** Drags along one axis with a finger, a pen or the mouse. */

export interface Drag {
  /** The axis of a drag that begins now; null where none may begin. */
  axis(): 'x' | 'y' | null;
  start(): void;
  /** The pointer is `distance` px away from where it began. */
  move(distance: number): void;
  /** The drag ended `distance` px from where it began, at `speed` px per ms. */
  end(distance: number, speed: number): void;
}

const SLOP_PX = 8;

interface Hold {
  id: number;
  x: number;
  y: number;
  axis: 'x' | 'y';
  dragging: boolean;
  last: number;
  lastAt: number;
  speed: number;
}

/** Watch drags on `element`. One begins when the pointer has moved far enough along the axis, and further than across it. */
export function watchDrag(element: HTMLElement, drag: Drag): void {
  let held: Hold | null = null;
  const along = (event: PointerEvent, hold: Hold): number =>
    hold.axis === 'x' ? event.clientX - hold.x : event.clientY - hold.y;
  element.addEventListener('pointerdown', (event) => {
    const axis = drag.axis();
    if (!axis || event.button !== 0 || held) return;
    const { pointerId: id, clientX: x, clientY: y, timeStamp: lastAt } = event;
    held = { id, x, y, axis, dragging: false, last: 0, lastAt, speed: 0 };
    addEventListener('pointermove', move);
    addEventListener('pointerup', end);
    addEventListener('pointercancel', end);
  });
  const move = (event: PointerEvent): void => {
    if (held?.id !== event.pointerId) return;
    const distance = along(event, held);
    if (!held.dragging) {
      const across = held.axis === 'x' ? event.clientY - held.y : event.clientX - held.x;
      if (Math.abs(distance) < SLOP_PX || Math.abs(distance) < Math.abs(across)) return;
      held.dragging = true;
      drag.start();
    }
    const elapsed_ms = event.timeStamp - held.lastAt;
    if (elapsed_ms > 0) held.speed = (distance - held.last) / elapsed_ms;
    held.last = distance;
    held.lastAt = event.timeStamp;
    drag.move(distance);
  };
  const end = (event: PointerEvent): void => {
    if (held?.id !== event.pointerId) return;
    const hold = held;
    held = null;
    removeEventListener('pointermove', move);
    removeEventListener('pointerup', end);
    removeEventListener('pointercancel', end);
    if (hold.dragging) drag.end(hold.last, event.type === 'pointercancel' ? 0 : hold.speed);
  };
}
