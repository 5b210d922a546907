import { tell } from '../../../../lib/failure'
import { askToNotify } from '../../../../lib/notices'
import { download, toAlbum } from './album'

/** The sheet that shows a poster and saves it. `open(path)` takes the poster's path on the server. */
Component({
  data: { visible: false, file: '', saving: false },
  methods: {
    async open(path: string) {
      this.setData({ visible: true, file: '' })
      try {
        this.setData({ file: await download(path) })
      } catch (error) {
        this.setData({ visible: false })
        tell(error)
      }
    },

    async save() {
      if (this.data.saving) return
      this.setData({ saving: true })
      try {
        if (!(await toAlbum(this.data.file))) return
        void wx.showToast({ title: '已保存到相册', icon: 'success' })
        this.setData({ visible: false })
        await askToNotify('share')
      } catch (error) {
        tell(error)
      } finally {
        this.setData({ saving: false })
      }
    },

    preview() {
      void wx.previewImage({ urls: [this.data.file] })
    },

    close() {
      this.setData({ visible: false })
    },

    changed({ detail }: WechatMiniprogram.CustomEvent<{ visible: boolean }>) {
      if (!detail.visible) this.close()
    },
  },
})
