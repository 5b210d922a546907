import { Friend } from '../../api/referral'
import { MAX_PLACES, Place, ROOMY_PLACES, drawn, middle } from './arcs'

interface Seat {
  place: Place
  name: string
  avatar: string
  at: string
}

const ORDER: readonly Place[] = ['counted', 'held', 'pending']
const SPOKEN: Record<Place, string> = { counted: '已计入', held: '待审核', pending: '待完成', open: '空位' }

/** The places of one cycle with their friends; the slot is in the middle. Fires `invite` when a free place is tapped. */
Component({
  properties: {
    required: { type: Number, value: 3 },
    friends: { type: Array, value: [] as Friend[] },
  },
  data: { picture: '', seats: [] as Seat[], crowded: false, spoken: '' },
  observers: {
    'required, friends'(required: number, friends: Friend[]) {
      const count = Math.min(Math.max(required, 1), MAX_PLACES)
      const seated = ORDER.flatMap((place) => friends.filter(({ state }) => state === place)).slice(0, count)
      const seats = Array.from({ length: count }, (_, at): Seat => {
        const { left, top } = middle(at, count)
        const friend = seated[at]
        const spot = `left:${left}%;top:${top}%`
        return { place: friend?.state ?? 'open', name: friend?.nickname ?? '', avatar: friend?.avatar_url ?? '', at: spot }
      })
      const spoken = seats.map(({ place, name }, at) => `第${at + 1}位${name}${SPOKEN[place]}`).join('，')
      this.setData({ picture: drawn(seats.map(({ place }) => place)), seats, crowded: count > ROOMY_PLACES, spoken })
    },
  },
  methods: {
    invite() {
      this.triggerEvent('invite')
    },
  },
})
