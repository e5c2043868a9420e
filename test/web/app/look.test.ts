import { describe, expect, it } from 'vitest';
import { Look } from '../../../web/app/look.ts';

describe('the look of a call', () => {
  it('knows the shape of what is shown whole, and not of what fills its frame', () => {
    const look = new Look();
    expect(look.shapeOf('s', true)).toBeUndefined();
    look.setShape('s', 1.6);
    look.setShape('f', 1.5);
    expect([look.shapeOf('s', true), look.shapeOf('f', false)]).toEqual([1.6, undefined]);
    look.toggleFit('s', true);
    look.toggleFit('f', false);
    expect([look.shapeOf('s', true), look.shapeOf('f', false)]).toEqual([undefined, 1.5]);
  });

  it('closes what is on top: dialog, menu, panel', () => {
    const look = new Look();
    look.toggle('chat');
    look.menu.value = 'more';
    look.dialog.value = 'shortcuts';
    const open = () => [look.dialog.value, look.menu.value, look.panel.value];
    expect(look.closeTop()).toBe(true);
    expect(open()).toEqual([undefined, 'more', 'chat']);
    expect(look.closeTop()).toBe(true);
    expect(open()).toEqual([undefined, undefined, 'chat']);
    expect(look.closeTop()).toBe(true);
    expect(look.closeTop()).toBe(false);
  });

  it('has one panel at a time, and the same button closes it', () => {
    const look = new Look();
    look.toggle('chat');
    look.toggle('people');
    expect(look.panel.value).toBe('people');
    look.toggle('people');
    expect(look.panel.value).toBeUndefined();
  });

  it('shows screens whole and lets faces fill their frame, until one chooses', () => {
    const look = new Look();
    expect([look.fitOf('bo', false), look.fitOf('screen', true)]).toEqual(['fill', 'fit']);
    look.toggleFit('bo', false);
    look.toggleFit('screen', true);
    expect([look.fitOf('bo', false), look.fitOf('screen', true)]).toEqual(['fit', 'fill']);
  });
});
