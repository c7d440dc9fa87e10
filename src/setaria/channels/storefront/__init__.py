"""The brand's own web store: pages to browse, buy, pay and follow an order. Views are thin; verbs live below."""
