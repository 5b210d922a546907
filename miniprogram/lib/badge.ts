import { cart } from '../api/cart'
import { currentToken } from './session'

/** The number on the cart's tab. WeChat writes it only while a page of the tab bar is open, so it is kept here. */
const CART_TAB = 3
let held = 0

/** Set how many pieces are in the cart. */
export function cartHolds(quantity: number): void {
  held = quantity
  showBadge()
}

/** The last known number of pieces in the cart. */
export function cartCount(): number {
  return held
}

/** Show it. On other pages WeChat refuses; the next page of the tab bar that calls this shows it. */
function showBadge(): void {
  const fail = () => undefined
  if (held) wx.setTabBarBadge({ index: CART_TAB, text: held > 99 ? '99+' : String(held), fail })
  else wx.removeTabBarBadge({ index: CART_TAB, fail })
}

/** Ask the server for the number; a guest's cart is empty. */
export async function countCart(): Promise<number> {
  try {
    cartHolds(currentToken() ? (await cart()).quantity : 0)
  } catch (error) {
    console.info('cart:', error) // the number is not essential: keep the last one
  }
  return held
}
