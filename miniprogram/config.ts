/** The mall's address. WeChat needs an absolute https address of a domain that is entered in its console. */
export const baseUrl = 'http://127.0.0.1:8000'
