"""Addresses of e-mail: which are hidden, how much around them is not, and what is none."""

from __future__ import annotations

import pytest

from tests.stages.readiness import check, redacted

HAN = (
    "请把您的简历和求职信以及任何可以证明您工作能力的材料一并发送到我们公司人力资源部门负责招聘的同事的电子邮箱里面去吧"
)
ADDRESSES = [
    "write to ⟦jo.doe+x@mail.example.org⟧, please",
    "⟦bob@example.com⟧. ⟦amy@example.com⟧; (⟦bob@example.com⟧) <⟦bob@example.com⟧> [⟦bob@example.com⟧]",
    "mail `⟦bob@example.com⟧` or **⟦amy@example.com⟧** or _⟦amy@example.com⟧_ or ~~⟦bob@example.com⟧~~ now",
    "|⟦bob@example.com⟧|⟦amy@example.com⟧|", "\"⟦bob@example.com⟧\" '⟦bob@example.com⟧' “⟦bob@example.com⟧”",
    "mailto:⟦bob@example.com⟧?subject=x", "to=⟦bob@example.com⟧&x=1", "user:⟦pass@host.example.com⟧/path",
    "u'⟦bob@example.com⟧', name='⟦bob@example.com⟧'", "⟦o'brien@example.com⟧, ⟦d’angelo@example.com⟧",
    "⟦a.b-c_d%e+f@sub-domain.example.co.uk⟧", "⟦1990bob@example.com⟧", "⟦bob1990@example.com⟧",
    "⟦bob@my_host.example.com⟧_",
    "⟦josé@exámple.com⟧ ⟦jose\u0301@example.com⟧ ⟦müller@straße.de⟧", "⟦bob@xn--e1afmkfd.xn--p1ai⟧",
    "⟦bounce+bob=example.org@list.example.com⟧", "⟦bob@example.com⟧-now ⟦bob@example.com⟧--so ⟦bob@example.com⟧_",
    "⟦bob@example.com⟧/x, ⟦bob@example.com⟧:80", "git@⟦bob@example.com⟧", "⟦bob@example.com⟧@",
    "x = ⟦bob@example.com⟧;",
    "…⟦bob@example.com⟧…", "{⟦bob@example.com⟧}", "#⟦bob@example.com⟧", "x" * 99 + " ⟦bob@example.com⟧",
    "y" * 36 + "⟦" + "x" * 64 + "@example.com⟧",
    # other signs
    "⟦ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍ⟧です", "⟦taro＠example.com⟧", "⟦taro﹫example．com⟧。", "⟦bob١٢@example.com⟧",
    # Latin, against letters of other scripts
    HAN + "地址是⟦zhang.san@example.com⟧谢谢您", "地址是⟦12345@example.com⟧谢谢",
    "メールは⟦taro@example.com⟧までお願いします。次。",
    "Пишите⟦ivan@example.com⟧или", "γράψε⟦yannis@example.com⟧εδώ", "이메일은⟦kim@example.co.kr⟧입니다",
    "كتب⟦ali@example.com⟧الآن", "אל⟦dana@example.com⟧היום", "ईमेल⟦raj@example.com⟧पर",
    "อีเมล⟦somchai@example.com⟧ครับ",
    "⟦taro@日本語.jp⟧へ", "⟦taro@mail.例え.jp⟧へ",
    # in other scripts
    "⟦用户@example.com⟧", "写给 ⟦用户@例子.广告⟧ 吧", "⟦иван@пример.рф⟧, ⟦иван.петров-1@пример.рф⟧",
    "⟦иван1990@пример.рф⟧ да",
    "⟦χρήστης@παράδειγμα.ελ⟧.", "(⟦उपयोगकर्ता@उदाहरण.भारत⟧)", "⟦ผู้ใช้@ตัวอย่าง.ไทย⟧ ค่ะ", "⟦مستخدم@مثال.إختبار⟧،",
    "⟦사용자@예제.한국⟧!", "，⟦用户@example.com⟧谢谢", "ivan⟦Петров@example.com⟧",
    "我们公司人力⟦" + HAN[:21] + "@example.com⟧谢谢",  # where it begins cannot be told
    "и" * 8 + "⟦" + "и" * 32 + "@example.com⟧",
    # scripts that are mixed, dots of IDNA, sentences without a space
    "⟦иван.petrov@example.com⟧",
    "⟦bob.иванов@example.com⟧",
    "⟦bob.иванов-smith+x@пример.рф⟧ да",
    "⟦bob.用户@example.com⟧",
    "⟦bob@example。com⟧ ⟦bob@example｡com⟧ ⟦bob@example.com⟧。Next ⟦bob@mail。example.com⟧",
    "⟦bob@example.com⟧.Thanks",
    "⟦bob@example.co.uk⟧.Thanks, ⟦bob@Mail.Example.Com⟧",
    "⟦bob@example.com⟧.次へ",
    "⟦bob@example.com⟧.Спасибо",
    "⟦taro@mail.例え.jp⟧ ⟦ivan@mail.пример.рф⟧",
    "⟦bob@example.com⟧2024年",
    "thanks—⟦bob@example.com⟧—thanks–⟦amy@example.com⟧",
    "⟦bob@163.com⟧ ⟦bob@v2.com⟧ ⟦bob@v8.07.mail.org⟧ ⟦bob@4x.de⟧ ⟦juan@empresa.com.py⟧ ⟦git@github.com⟧:foo/bar.git",
    "メール.⟦taro@example.com⟧",
]  # fmt: skip
OTHERS = [
    "a=@example.com, no@where, a@b, @name, x @ y.com, bob@, @example.com, bob@localhost, a@b.c",
    "lodash@4.17.21, react@18.2.0-rc.1, user@10.0.0.1, actions/checkout@v4",
    "**@example.com, `@example.com`, ...@example.com, _@example.com", "bob@.com, bob@-.-, bob@example..com",
    "价格@商店", "用户@名", "@" * 50, "a@" * 30, "你好，世界。这是一个很长的句子而且没有任何空格",
    "bob at example dot com, bob(at)example.com", "bob@[10.0.0.1]",
    "logo@2x.png, foo@v1.beta, setup-python@v5.0.0.beta, torch@v2.1.cu118, icon@3x.webp",
    "bob@host。次, 写@店。com, a=@example.com",
]  # fmt: skip


@pytest.mark.parametrize("row", ADDRESSES)
def test_an_address_is_hidden_and_nothing_else(row: str):
    check("email", row)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_address_stays(text: str):
    check("email", text)


def test_an_address_right_behind_something_else_that_was_hidden():
    for pieces in (["4242424242424242bob@example.com"], list("4242424242424242bob@example.com")):
        assert redacted(pieces, "card", "email") == "[redacted][redacted]"
