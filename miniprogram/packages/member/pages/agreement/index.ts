import { shop } from '../../../../api/shop'
import { Failure } from '../../../../lib/failure'
import { LOADING, show } from '../../../../lib/screen'

interface Paragraph {
  text: string
  /** `head` is a chapter's heading, `item` is one of its numbered points. */
  kind: 'head' | 'item' | 'plain'
}

const HEAD = /^[一二三四五六七八九十]+、/
const ITEM = /^\d+\. ?/

Page({
  data: { screen: LOADING, title: '', paragraphs: [] as Paragraph[] },
  key: '',

  onLoad({ key }: { key?: string }) {
    this.key = key ?? ''
    void this.load()
  },

  async load() {
    await show(this, async () => {
      const agreement = (await shop()).agreements.find(({ key }) => key === this.key)
      if (!agreement) throw new Failure('refused', 'not_found', '没有找到这份协议')
      void wx.setNavigationBarTitle({ title: agreement.title })
      return { title: agreement.title, paragraphs: paragraphsOf(agreement.text) }
    })
  },
})

function paragraphsOf(text: string): Paragraph[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter(Boolean).map((line) => ({ text: line, kind: HEAD.test(line) ? 'head' : ITEM.test(line) ? 'item' : 'plain' }))
}
