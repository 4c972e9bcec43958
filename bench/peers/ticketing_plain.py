"""The replaced ticketing system's way, written small: sequential pages of 1000, each row upserted by itself
through an ORM, then summaries in SQL.

Usage: ticketing_plain.py ADDRESS SETTINGS [PAUSE]. SETTINGS is a JSON file with a list of regions (name,
base_url, token, event_id, codes); PAUSE the seconds before each call, 0.5 in the original. Prints one object:
seconds of the first run and of a second one, and the numbers it came to.
"""
import datetime
import json
import re
import sys
import time

import httpx
import sqlalchemy
from sqlalchemy import JSON, Boolean, DateTime, Integer, String, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

address, settings, *rest = sys.argv[1:]
PAUSE = float(rest[0]) if rest else 0.0
TOP = 1000


class Base(DeclarativeBase):
    pass


class Event(Base):
    __tablename__ = "events"
    id = mapped_column(String, primary_key=True)
    name, seller_id, location_name, timezone = (mapped_column(String) for _ in range(4))
    start_date, end_date = (mapped_column(DateTime) for _ in range(2))
    tickets = mapped_column(JSON)


class Ticket(Base):
    __tablename__ = "tickets"
    id = mapped_column(String, primary_key=True)
    (transaction_id, ticket_type_id, currency, status, event_id, ticket_name, category, day, barcode, city, country,
     customer_id, gender, birthday, nationality, residence, gym, under_shop_id, addons) = (mapped_column(String) for _ in range(19))
    created_at, updated_at = (mapped_column(DateTime) for _ in range(2))
    age = mapped_column(Integer)
    personalized, returning = (mapped_column(Boolean) for _ in range(2))
    extra_fields = mapped_column(JSON)


class Shop(Base):
    __tablename__ = "ticket_volumes"
    id = mapped_column(String, primary_key=True)
    shop_id, shop_name, ticket_type_id = (mapped_column(String) for _ in range(3))
    volume = mapped_column(Integer)


class Series(Base):
    __tablename__ = "coupon_series"
    id = mapped_column(String, primary_key=True)
    name, active = mapped_column(String), mapped_column(Boolean)


class Coupon(Base):
    __tablename__ = "coupons"
    id = mapped_column(String, primary_key=True)
    code, name, series_id = (mapped_column(String) for _ in range(3))
    used, is_tracked = mapped_column(Integer), mapped_column(Boolean)


class Api:
    def __init__(self, region):
        self.client = httpx.Client(base_url=region["base_url"] + "/", timeout=30,
                                   headers={"Authorization": f"Bearer {region['token']}"})

    def get(self, path, **params):
        time.sleep(PAUSE)
        answer = self.client.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def pages(self, path, **params):
        total, skip = self.get(path, top=1, **params)["total"], 0
        while skip < total:
            yield self.get(path, top=TOP, skip=skip, **params)["rows"]
            skip += TOP


def main():
    with open(settings) as file:
        regions = json.load(file)
    told = {"versions": {"httpx": httpx.__version__, "SQLAlchemy": sqlalchemy.__version__}}
    for turn in ("first", "again"):
        began = time.perf_counter()
        numbers = {region["name"]: ingest(region) for region in regions}
        told[turn] = {"seconds": time.perf_counter() - began, "numbers": numbers}
    print(json.dumps(told))


def ingest(region):
    """One region into its own schema, which is made anew, as the original does."""
    schema = region["name"].replace("-", "_")
    engine = create_engine(re.sub("^postgres(ql)?:", "postgresql+psycopg2:", address),
                           connect_args={"options": f"-csearch_path={schema}"})
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    Base.metadata.create_all(engine)
    api = Api(region)
    with Session(engine) as session:
        names = take_event(session, api, region)
        for rows in api.pages("tickets", status="VALID,DETAILSREQUIRED"):
            for row in rows:  # the whole seller's: the original does not ask for one event
                if row["eventId"] == region["event_id"] and row.get("ticketName"):
                    session.merge(ticket(row))
                    session.flush()
            session.commit()
        take_coupons(session, api, region)
        numbers = summaries(session, names)
        session.commit()
    engine.dispose()
    return numbers


def take_event(session, api, region):
    event = api.get(f"events/{region['event_id']}")  # the original looks at the first page of all, where this one is not
    session.merge(Event(
        id=event["_id"], name=event["name"], seller_id=event["sellerId"], location_name=event.get("locationName"),
        timezone=event.get("timezone"), start_date=when(event["start"]), end_date=when(event["end"]),
        tickets=[{"id": each["_id"], "name": each["name"]} for each in event["tickets"]]))
    for shop in event["underShops"]:
        if shop["active"] and "DEPRECATED" not in shop["name"] and re.search(r"PARTNERSHIP[-_ ]*ACCESS", shop["name"]):
            for offer in shop["tickets"]:
                if offer["active"]:
                    session.merge(Shop(id=offer["_id"], shop_id=shop["_id"], shop_name=" ".join(shop["name"].split()),
                                       ticket_type_id=offer["baseTicket"], volume=offer["amount"]))
                    session.flush()
    session.commit()
    return {each["_id"]: each["name"] for each in event["tickets"]}


def take_coupons(session, api, region):
    series = api.get("coupon/series", top=TOP)
    for each in series if isinstance(series, list) else series["docs"]:
        session.merge(Series(id=each["_id"], name=each["name"], active=each.get("active")))
        session.flush()
    session.commit()
    tracked = set(region["codes"])
    for rows in api.pages("coupon/rich", eventId=region["event_id"], active="true"):
        for row in rows:
            session.merge(Coupon(id=row["_id"], code=row["code"], name=row.get("name"), used=row["used"],
                                 series_id=row.get("couponSeriesId"), is_tracked=row["code"] in tracked))
            session.flush()
        session.commit()


def ticket(row):
    extra, name = row.get("extraFields") or {}, row["ticketName"]
    category = category_of(name)
    birthday, addons = extra.get("birth_date"), [each["name"] for each in row.get("addOns") or []]
    return Ticket(
        id=row["_id"], transaction_id=row.get("transactionId"), ticket_type_id=row["ticketTypeId"], status=row["status"],
        currency=row.get("currency"), event_id=row["eventId"], ticket_name=name, category=category, day=day_of(name),
        barcode=row.get("barcode"), city=row.get("city"), country=row.get("country"), customer_id=row.get("customerId"),
        gender=gender_of(extra.get("gender")), birthday=birthday, age=age_of(birthday), nationality=extra.get("nationality"),
        residence=extra.get("region_of_residence"), gym=extra.get("hyrox_training_clubs"),
        under_shop_id=row.get("underShopId") if category not in ("extra", "spectator") else None,
        addons=addons[0] if addons else None, created_at=when(row["createdAt"]), updated_at=when(row["updatedAt"]),
        personalized=row.get("personalized"), returning=extra.get("returning_athlete") == "Yes", extra_fields=extra)


def category_of(name):
    lower = name.lower()
    if any(word in lower for word in ("friend", "sportograf", "transfer", "complimentary")):
        return "extra"
    return next((word for word in ("double", "relay", "spectator") if word in lower), "single")


def day_of(name):
    lower = name.lower()
    return next((day for day in ("sunday", "saturday", "friday", "thursday") if day in lower), "saturday")


def gender_of(said):
    first = (said or "").split(" ")[0].lower()
    return "Male" if first in ("male", "men") else "Female" if first in ("female", "woman", "women") else None


def age_of(birthday):
    try:
        born = datetime.date.fromisoformat(birthday or "")
    except ValueError:
        return None
    today = datetime.date.today()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def when(said):
    return datetime.datetime.fromisoformat(said.replace("Z", "+00:00")).replace(tzinfo=None)


GROUPS = ["HYROX MEN", "HYROX WOMEN", "HYROX PRO MEN", "HYROX PRO WOMEN", "HYROX ADAPTIVE MEN", "HYROX ADAPTIVE WOMEN",
          "HYROX DOUBLES MEN", "HYROX DOUBLES WOMEN", "HYROX DOUBLES MIXED", "HYROX PRO DOUBLES MEN",
          "HYROX PRO DOUBLES WOMEN", "HYROX MENS RELAY", "HYROX WOMENS RELAY", "HYROX MIXED RELAY",
          "HYROX MENS CORPORATE RELAY", "HYROX WOMENS CORPORATE RELAY", "HYROX MIXED CORPORATE RELAY"]
RANGES = {"single": [(0, 24)] + [(low, low + 4) for low in range(25, 70, 5)] + [(70, 200)],
          "double": [(0, 29)] + [(low, low + 9) for low in range(30, 70, 10)] + [(70, 200)], "relay": [(0, 39), (40, 200)]}
PAIRED = """
WITH numbered AS (
  SELECT transaction_id, age, day, ticket_name LIKE '%ATHLETE 2%' OR ticket_name LIKE '%TEAM MEMBER%' AS member,
         row_number() OVER (PARTITION BY transaction_id, ticket_name LIKE '%ATHLETE 2%' OR ticket_name LIKE '%TEAM MEMBER%'
                            ORDER BY id) - 1 AS place
  FROM tickets WHERE ticket_name LIKE :group || '%' AND day = :day),
teams AS (
  SELECT transaction_id, CASE WHEN member THEN place / :others ELSE place END AS team, count(*) AS people,
         floor(avg(age)) AS age FROM numbered GROUP BY 1, 2)
SELECT coalesce(sum(people), 0) FROM teams WHERE people = :others + 1 AND age BETWEEN :low AND :high"""
ALONE = """SELECT count(*) FROM tickets WHERE ticket_name LIKE :group || ' |%' AND day = :day AND age BETWEEN :low AND :high"""
SUMMARIES = {
    "ticket_summary": "SELECT ticket_type_id, ticket_name, category, day, count(*) FROM tickets GROUP BY 1, 2, 3, 4",
    "under_shops": """SELECT v.shop_id, v.ticket_type_id, max(v.volume), count(t.id) FROM ticket_volumes v LEFT JOIN tickets t
        ON t.under_shop_id = v.shop_id AND t.ticket_type_id = v.ticket_type_id GROUP BY 1, 2""",
    "addons": "SELECT addons, count(*) FROM tickets WHERE addons IS NOT NULL GROUP BY 1",
    "coupons": """SELECT series_id, count(*), count(*) FILTER (WHERE used > 0), count(*) FILTER (WHERE is_tracked),
        count(*) FILTER (WHERE is_tracked AND used > 0) FROM coupons GROUP BY 1""",
    "genders": """SELECT id, gender FROM tickets WHERE category NOT IN ('extra', 'spectator') AND gender IS DISTINCT FROM
        CASE WHEN ticket_name LIKE '%WOMEN%' THEN 'Female' WHEN ticket_name LIKE '%MEN%' THEN 'Male' ELSE gender END""",
    "countries": "SELECT country, category = 'spectator', count(*) FROM tickets GROUP BY 1, 2",
    "statuses": "SELECT status, count(*) FROM tickets GROUP BY 1",
}


def summaries(session, names):
    """The numbers of the reports; one statement for each group, day and age range, as in the original."""
    numbers = {name: len(session.execute(text(sql)).all()) for name, sql in SUMMARIES.items()}
    numbers["tickets"] = session.execute(text("SELECT count(*) FROM tickets")).scalar_one()
    numbers["types"], numbers["aged"] = len(names), 0
    for group in GROUPS:
        kind = "relay" if "RELAY" in group else "double" if "DOUBLES" in group else "single"
        others = {"single": 0, "double": 1, "relay": 3}[kind]
        for day in ("thursday", "friday", "saturday", "sunday"):
            for low, high in RANGES[kind]:
                asked = {"group": group, "day": day, "low": low, "high": high, "others": others}
                numbers["aged"] += int(session.execute(text(PAIRED if others else ALONE), asked).scalar_one())
    return numbers


main()
