#include "io/sales_names.h"

#include <assert.h>
#include <string.h>

enum { SYNONYMS_MAX = 16 };

/* In order of preference: a file with both `sales` and `revenue` gives `sales`. */
static const char *const synonyms[COLUMN_COUNT][SYNONYMS_MAX] = {
    [COLUMN_DATE] = {"date", "business_date", "sale_date", "sales_date", "order_date", "transaction_date", "invoice_date", "day",
                     "week_ending", "week", "ds"},
    [COLUMN_STORE] = {"store", "store_id", "store_nbr", "shop", "shop_id", "location", "location_id", "branch", "outlet", "site"},
    [COLUMN_PRODUCT] = {"product", "product_id", "item", "item_id", "item_nbr", "sku", "article", "stock_code", "upc", "ean"},
    [COLUMN_DEPARTMENT] = {"dept", "department", "dept_id", "department_id", "dept_nbr"},
    [COLUMN_CATEGORY] = {"category", "product_category", "category_id", "cat_id", "item_category", "family"},
    [COLUMN_QUANTITY] = {"quantity", "qty", "units", "units_sold", "unit_sales", "sold", "volume"},
    [COLUMN_AMOUNT] = {"weekly_sales", "amount", "sales", "revenue", "turnover", "total_amount", "sales_amount", "net_sales",
                       "gross_sales"},
    [COLUMN_PRICE] = {"price_per_unit", "unit_price", "price", "sell_price"},
    [COLUMN_TRANSACTION] = {"transaction_id", "transaction", "transaction_no", "invoice", "invoice_no", "invoice_id", "receipt", "receipt_id",
                            "order_id", "ticket"},
};
static const char *const role_names[COLUMN_COUNT] = {"date",     "store",  "product", "department", "category",
                                                     "quantity", "amount", "price",   "transaction"};

/* The next character that counts, in lower case; -1 at the end. */
static int next_character(struct text t, size_t *at)
{
    for (; *at < t.size; ++*at) {
        const char c = t.data[*at];
        if (c == ' ' || c == '_' || c == '-')
            continue;
        ++*at;
        return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
    }
    return -1;
}

bool sales_names_same(struct text a, struct text b)
{
    size_t at_a = 0, at_b = 0;
    for (;;) {
        const int c = next_character(a, &at_a);
        if (c != next_character(b, &at_b))
            return false;
        if (c < 0)
            return true;
    }
}

const char *sales_names_role(enum sales_column role)
{
    assert(role < COLUMN_COUNT);
    return role_names[role];
}

enum sales_column sales_names_find_role(struct text name)
{
    for (int role = 0; role < COLUMN_COUNT; role++)
        if (text_equal(text_of(role_names[role]), name))
            return (enum sales_column)role;
    return COLUMN_COUNT;
}

const char *sales_names_synonym(enum sales_column role, size_t i)
{
    return i < SYNONYMS_MAX ? synonyms[role][i] : NULL;
}

size_t sales_names_find(const struct csv_record *header, struct text name, size_t from)
{
    for (size_t i = from; i < header->count; i++)
        if (sales_names_same(header->fields[i], name))
            return i;
    return COLUMN_NONE;
}

static bool begins_with(struct text t, const char *start)
{
    size_t at = 0;
    for (; *start != '\0'; start++)
        if (next_character(t, &at) != *start)
            return false;
    return true;
}

bool sales_names_is_personal(struct text name)
{
    static const char *const starts[] = {"customer", "client", "buyer", "member", "loyalty", "cardnumber", "creditcard"};
    static const char *const names[] = {"gender", "sex", "age", "birth_date", "date_of_birth", "email", "phone", "address", "first_name",
                                        "last_name", "surname", "user_id"};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (begins_with(name, starts[i]))
            return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sales_names_same(name, text_of(names[i])))
            return true;
    return false;
}
