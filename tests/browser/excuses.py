"""What axe finds on our pages of the admin that is none of ours."""

# Markup of Django's own admin templates, each found by axe on an admin without this package too.
DJANGOS = {
    # Links of the filters beside a list stand 20 pixels apart; the glass beside a field of a person's key is 16 wide.
    "target-size": "#changelist-filter a, a.related-lookup",
    # In the breadcrumbs and in the line under the search field, links differ from the text by their colour alone.
    "link-in-text-block": ".breadcrumbs a, #changelist-search a",
    # The label of the search field is a picture of a glass.
    "label-title-only": "#searchbar",
    # The column of hidden fields of a table of inline forms has an empty heading.
    "empty-table-header": ".inline-group th.original",
}
