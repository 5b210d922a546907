/** Components on glass-easel, WeChat's own engine, with a backend that draws nothing. */

import { createRequire } from 'node:module'

import { load, project } from './load.mjs'

const require = createRequire(`${project}/scripts/h5/package.json`)
const { MiniProgramEnv } = require('glass-easel-miniprogram-adapter')
const { Element, EmptyBackendContext } = require('glass-easel')

const environment = new MiniProgramEnv()
const space = environment.createCodeSpace('', true)
const backend = environment.associateBackend(new EmptyBackendContext())
let current = ''

globalThis.Component = (definition) => space.component(current).definition(definition).register()

/**
 * Attaches the component at this path below `miniprogram/` with these properties. Returns: `data` is what it draws; `set`
 * changes properties; `tap` calls a method as an event of an element with this `data-` or `detail`; `heard` gives the
 * details of the events it fired; `shown` and `hidden` are those of its page; `remove` detaches it.
 */
export async function mount(path, properties = {}) {
  current = path
  space.addComponentStaticConfig(path, { component: true })
  await load(path)
  const component = backend.createRoot('body', space, path).get()
  const element = component._$
  const told = []
  const { triggerEvent } = component
  component.triggerEvent = (name, detail) => {
    told.push([name, detail])
    return triggerEvent.call(component, name, detail)
  }
  Element.pretendAttached(element)
  component.setData(properties)
  return {
    get data() {
      return component.data
    },
    set: (changes) => component.setData(changes),
    tap: (method, { dataset = {}, detail = {} } = {}) => component[method]({ currentTarget: { dataset }, detail }),
    heard: (name) => told.filter(([one]) => one === name).map(([, detail]) => detail),
    shown: () => element.triggerPageLifetime('show', []),
    hidden: () => element.triggerPageLifetime('hide', []),
    remove: () => Element.pretendDetached(element),
  }
}
