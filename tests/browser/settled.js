/** Resolves when the pictures on the screen are loaded and nothing moves, or after two seconds. */
async () => {
  const seen = (one) => {
    const { top, right, bottom, left } = one.getBoundingClientRect()
    return one.checkVisibility() && top < innerHeight && bottom > 0 && left < innerWidth && right > 0
  }
  const ends = (one) => one.effect?.getComputedTiming().iterations !== Infinity
  const pictures = [...document.images].filter(seen).map((one) => one.decode().catch(() => undefined))
  const moves = document.getAnimations().filter(ends).map((one) => one.finished.catch(() => undefined))
  await Promise.race([Promise.all([...pictures, ...moves]), new Promise((done) => setTimeout(done, 2000))])
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
}
