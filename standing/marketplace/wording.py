"""Thai and English words: names, shops, products and review comments, drawn once and sampled."""

from dataclasses import dataclass

import numpy as np

from standing.marketplace.binary_copy import Texts

POOL = 400

ADJECTIVES = ("พรีเมียม", "มือสองสภาพดี", "ของแท้", "ราคาส่ง", "รุ่นใหม่", "Classic", "Handmade", "Vintage", "Eco")
GOODS = (
    "กระเป๋าผ้า", "รองเท้าผ้าใบ", "หูฟังบลูทูธ", "ครีมกันแดด", "กาแฟคั่ว", "เสื้อยืด", "หม้อหุงข้าว", "ต้นไม้ฟอกอากาศ",
    "phone case", "desk lamp", "yoga mat", "silk scarf", "board game", "film camera", "mechanical keyboard",
)  # fmt: skip
SHOP_KINDS = ("ร้าน{}", "{} ช็อป", "{} Official", "{} Store", "บ้าน{}", "{} Bangkok")

#: By stars; the first half of each is Thai, the second English.
COMMENTS = {
    1: ("แย่มาก ของไม่ตรงปก", "รอนานมาก ติดต่อร้านไม่ได้เลย", "สินค้าชำรุด 😡",
        "Never again, broken on arrival.", "Not as shown.\nI want my money back.", "Terrible seller"),
    2: ("ส่งช้า ของพอใช้ได้", "คุณภาพไม่ค่อยดี", "ผิดสี แต่ขี้เกียจเปลี่ยน",
        "Late and poorly packed", 'Says "new", looks used', "Disappointing quality"),
    3: ("ก็โอเค สมราคา", "พอใช้ได้ครับ", "กลางๆ ไม่ดีไม่แย่",
        "It's okay for the price", "Average, slow to ship", "As expected, nothing more"),
    4: ("ของดี ส่งช้านิดหน่อย", "ชอบค่ะ แพ็กมาดี", "คุณภาพดีครับ แนะนำ",
        "Good, would buy again", "Nice item; box was dented", "Pretty good overall"),
    5: ("ดีมากค่ะ ส่งไวมาก ❤️", "ของตรงปก ร้านตอบไว ประทับใจ", "คุ้มค่ามากครับ จะกลับมาซื้ออีก",
        "Excellent! Fast delivery", "Perfect, exactly as described", "Great seller, thank you!"),
}  # fmt: skip
PER_RATING = 6


def pool(words: list[str] | tuple[str, ...]) -> Texts:
    """UTF-8 bytes of the words, padded to the longest."""
    return np.array([word.encode() for word in words], dtype=np.bytes_)


@dataclass(frozen=True)
class Wording:
    """Pools to sample from; `thai` counts the Thai ones at the start of `first`, `last` and `latin`."""

    first: Texts
    last: Texts
    thai: int
    latin: Texts
    shops: Texts
    products: Texts
    comments: Texts


def draw(seed: int) -> Wording:
    """The pools of one seed."""
    from faker import Faker

    thai, english = Faker("th_TH"), Faker("en_US")
    thai.seed_instance(seed)
    english.seed_instance(seed)
    first = [thai.first_name() for _ in range(POOL)] + [english.first_name() for _ in range(POOL)]
    last = [thai.last_name() for _ in range(POOL)] + [english.last_name() for _ in range(POOL)]
    surnames = last[::4]
    shops = [kind.format(name) for name in surnames for kind in SHOP_KINDS]
    products = [f"{goods} {word}" for goods in GOODS for word in ADJECTIVES]
    comments = [comment for rating in sorted(COMMENTS) for comment in COMMENTS[rating]]
    return Wording(
        first=pool(first),
        last=pool(last),
        thai=POOL,
        latin=pool([english.user_name().lower() for _ in range(POOL)]),
        shops=pool(shops),
        products=pool(products),
        comments=pool(comments),
    )
