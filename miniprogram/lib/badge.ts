import { cart } from '../api/cart'
import { currentToken } from './session'

/** The number on the cart's tab. WeChat writes it only while a page of the tab bar is open, so it is kept here. */
const CART_TAB = 3
let held = 0

/** So many pieces lie in the cart now. */
export function cartHolds(quantity: number): void {
  held = quantity
  showBadge()
}

/** How many pieces the cart held when it was last heard of. */
export function cartCount(): number {
  return held
}

/** Show it. Off the tab bar's pages WeChat refuses, and the next of them that counts shows it. */
function showBadge(): void {
  const fail = () => undefined
  if (held) wx.setTabBarBadge({ index: CART_TAB, text: held > 99 ? '99+' : String(held), fail })
  else wx.removeTabBarBadge({ index: CART_TAB, fail })
}

/** Ask the server how many there are; a guest's cart holds none. */
export async function countCart(): Promise<number> {
  try {
    cartHolds(currentToken() ? (await cart()).quantity : 0)
  } catch (error) {
    console.info('cart:', error) // the number is an extra: what is known stays
  }
  return held
}
