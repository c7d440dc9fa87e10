"""Alipay's and WeChat's side of the wire: servers that keep trades, check our signatures and sign their answers.

They speak the providers' published protocols with keys made for the test run, so both libraries check for real.
"""

import base64
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def private_pem(key: RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_pem(key: RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def sign(key: RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def check(key: RSAPrivateKey, text: str, signature: str) -> None:
    key.public_key().verify(base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())


class Counterpart:
    """A provider with its trades and refunds, on a port of its own."""

    def __init__(self) -> None:
        self.ours, self.theirs, self.stranger = (rsa.generate_private_key(65537, 2048) for _ in range(3))
        self.signing = self.theirs  # a test may let a stranger sign
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.broken = False
        counterpart = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                counterpart.handle(self, "")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                counterpart.handle(self, body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler, body: str) -> None:
        raise NotImplementedError


class AlipayThere(Counterpart):
    APP = "2021000000000001"

    def environment(self) -> dict[str, str]:
        return {
            "SETARIA_ALIPAY_APP_ID": self.APP, "SETARIA_ALIPAY_PRIVATE_KEY": private_pem(self.ours).replace("\n", "\\n"),
            "SETARIA_ALIPAY_PUBLIC_KEY": public_pem(self.theirs), "SETARIA_ALIPAY_GATEWAY_URL": f"{self.url}/gateway.do",
        }  # fmt: skip

    def opened(self, query: str) -> dict[str, str]:
        """What a signed address asks for; raises InvalidSignature when it was not us who signed."""
        asked = dict(parse_qsl(query, keep_blank_values=True))
        signature = asked.pop("sign")
        check(self.ours, "&".join(f"{k}={v}" for k, v in sorted(asked.items())), signature)
        assert asked["app_id"] == self.APP
        return asked

    def visit(self, address: str, state: str = "TRADE_SUCCESS", **changes: str) -> None:
        """The buyer opens our address and pays."""
        asked = self.opened(urlsplit(address).query)
        content = json.loads(asked["biz_content"])
        self.pay(content["out_trade_no"], content["total_amount"], state, **changes)

    def pay(self, number: str, amount: str, state: str = "TRADE_SUCCESS", **changes: str) -> None:
        self.trades[number] = {
            "out_trade_no": number, "trade_no": f"2026{len(self.trades):012}", "total_amount": amount, "trade_status": state,
            **changes,
        }  # fmt: skip

    def handle(self, request: BaseHTTPRequestHandler, body: str) -> None:
        if self.broken:
            request.send_error(502)
            return
        asked = self.opened(urlsplit(request.path).query)
        method, content = asked["method"], json.loads(asked["biz_content"])
        answer = getattr(self, "_" + method.rpartition("trade.")[2])(content)
        raw = json.dumps(answer, ensure_ascii=False)
        written = f'{{"{method.replace(".", "_")}_response":{raw},"sign":"{sign(self.signing, raw)}"}}'.encode()
        request.send_response(200)
        request.end_headers()
        request.wfile.write(written)

    def _query(self, content: dict[str, str]) -> dict[str, Any]:
        return self._found(content) or {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST"}

    def _found(self, content: dict[str, str]) -> dict[str, Any] | None:
        trade = self.trades.get(content["out_trade_no"])
        return {"code": "10000", "msg": "Success", **trade} if trade else None

    def _precreate(self, content: dict[str, str]) -> dict[str, Any]:
        return {"code": "10000", "out_trade_no": content["out_trade_no"], "qr_code": "https://qr.alipay.example/bax1"}

    def _close(self, content: dict[str, str]) -> dict[str, Any]:
        found = self._found(content)
        if found is None or found["trade_status"] != "WAIT_BUYER_PAY":
            known = "ACQ.TRADE_NOT_EXIST" if found is None else "ACQ.TRADE_STATUS_ERROR"
            return {"code": "40004", "sub_code": known}
        self.trades[content["out_trade_no"]]["trade_status"] = "TRADE_CLOSED"
        return {"code": "10000"}

    def _refund(self, content: dict[str, str]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}
        self.refunds.setdefault(content["out_request_no"], content)
        return {"code": "10000", "fund_change": "Y"}

    def notification(self, number: str, key: RSAPrivateKey | None = None, **changes: str) -> bytes:
        """What Alipay posts about a trade."""
        told = {
            "app_id": self.APP,
            "notify_id": "n1",
            "charset": "utf-8",
            "version": "1.0",
            **self.trades[number],
            **changes,
        }
        signature = sign(key or self.theirs, "&".join(f"{k}={v}" for k, v in sorted(told.items())))
        return "&".join(
            f"{k}={quote_plus(v)}" for k, v in {**told, "sign": signature, "sign_type": "RSA2"}.items()
        ).encode()


class WeChatThere(Counterpart):
    SECRET = "0123456789abcdef0123456789abcdef"
    PUBLIC_ID = "PUB_KEY_ID_01"
    APP_SECRET = "an-apps-secret"

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, str] = {}  # of buyers in WeChat's own browser: whom each names; good once

    def environment(self) -> dict[str, str]:
        values = {
            "MERCHANT_ID": "1900000001", "APP_ID": "wx0123456789", "CERTIFICATE_SERIAL": "444F4864EA9B34415",
            "PRIVATE_KEY": private_pem(self.ours), "API_V3_KEY": self.SECRET, "PUBLIC_KEY": public_pem(self.theirs),
            "PUBLIC_KEY_ID": self.PUBLIC_ID, "GATEWAY_URL": self.url, "APP_SECRET": self.APP_SECRET, "LOGIN_URL": self.url,
        }  # fmt: skip
        return {f"SETARIA_WECHAT_{name}": value for name, value in values.items()}

    def signed(self, body: str, key: RSAPrivateKey | None = None) -> dict[str, str]:
        at, nonce = str(int(time.time())), os.urandom(8).hex()
        return {
            "Wechatpay-Timestamp": at, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": self.PUBLIC_ID,
            "Wechatpay-Signature": sign(key or self.signing, f"{at}\n{nonce}\n{body}\n"),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048", "Content-Type": "application/json",
        }  # fmt: skip

    def handle(self, request: BaseHTTPRequestHandler, body: str) -> None:
        if self.broken:
            request.send_error(502)
            return
        if request.path.startswith("/sns/oauth2/access_token?"):
            self._tell_buyer(request)
            return
        given = dict(
            part.split("=", 1)
            for part in request.headers["Authorization"].partition(" ")[2].replace('"', "").split(",")
        )
        check(
            self.ours,
            f"{request.command}\n{request.path}\n{given['timestamp']}\n{given['nonce_str']}\n{body}\n",
            given["signature"],
        )
        status, answer = self._answer(request.command, urlsplit(request.path).path, json.loads(body) if body else {})
        written = json.dumps(answer) if answer is not None else ""
        request.send_response(status)
        for name, value in self.signed(written).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(written.encode())))
        request.end_headers()
        request.wfile.write(written.encode())

    def _tell_buyer(self, request: BaseHTTPRequestHandler) -> None:
        """Say whom a code names, once; as WeChat does, with status 200 whatever it says."""
        asked = dict(parse_qsl(urlsplit(request.path).query))
        code = asked["code"]
        if (asked["appid"], asked["secret"], asked["grant_type"]) != (
            "wx0123456789",
            self.APP_SECRET,
            "authorization_code",
        ):
            told: dict[str, Any] = {"errcode": 40125, "errmsg": "invalid appsecret"}
        elif not (openid := self.codes.get(code, "")):
            told = {"errcode": 40163 if code in self.codes else 40029, "errmsg": "no"}
        else:
            told, self.codes[code] = {"openid": openid, "access_token": "t", "scope": "snsapi_base"}, ""
        written = json.dumps(told).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(written)))
        request.end_headers()
        request.wfile.write(written)

    def _answer(self, method: str, path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if path == "/v3/pay/transactions/jsapi":
            assert asked["payer"] == {"openid": "o-fan"}
            self.trades[asked["out_trade_no"]] = {
                "out_trade_no": asked["out_trade_no"], "trade_state": "NOTPAY", "amount": asked["amount"]
            }  # fmt: skip
            return 200, {"prepay_id": f"wx{asked['out_trade_no'][:8]}"}
        if path == "/v3/pay/transactions/native":
            self.trades.setdefault(
                asked["out_trade_no"],
                {"out_trade_no": asked["out_trade_no"], "trade_state": "NOTPAY", "amount": asked["amount"]},
            )
            return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={asked['out_trade_no'][:8]}"}
        if path == "/v3/pay/transactions/h5":
            scene = asked["scene_info"]
            assert scene["payer_client_ip"]
            assert scene["h5_info"]["type"] in ("iOS", "Android", "Wap")
            self.trades[asked["out_trade_no"]] = {
                "out_trade_no": asked["out_trade_no"], "trade_state": "NOTPAY", "amount": asked["amount"]
            }  # fmt: skip
            return 200, {"h5_url": f"https://wx.tenpay.example/checkmweb?prepay_id={asked['out_trade_no'][:8]}"}
        if path == "/v3/refund/domestic/refunds":
            if self.trades.get(asked["out_trade_no"], {}).get("trade_state") != "SUCCESS":
                return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "no such trade"}
            self.refunds.setdefault(asked["out_refund_no"], asked)
            return 200, {"status": "PROCESSING", "out_refund_no": asked["out_refund_no"]}
        number = path.split("/")[5]
        trade = self.trades.get(number)
        if path.endswith("/close"):
            if trade is None or trade["trade_state"] == "SUCCESS":
                return 400, {"code": "ORDERPAID" if trade else "RESOURCE_NOT_EXISTS", "message": ""}
            trade["trade_state"] = "CLOSED"
            return 204, None
        return (200, trade) if trade else (404, {"code": "RESOURCE_NOT_EXISTS", "message": "no such trade"})

    def pay(self, number: str) -> None:
        self.trades[number] |= {"trade_state": "SUCCESS", "transaction_id": "4200000001"}

    def notification(
        self, number: str, key: RSAPrivateKey | None = None, event: str = "TRANSACTION.SUCCESS", **changes: Any
    ) -> tuple[dict[str, str], bytes]:
        """What WeChat posts about a trade."""
        about = json.dumps(self.trades.get(number, {}) | changes).encode()
        nonce = os.urandom(6).hex()
        secret = AESGCM(self.SECRET.encode()).encrypt(nonce.encode(), about, b"transaction")
        resource = {
            "algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(secret).decode(), "nonce": nonce,
            "associated_data": "transaction",
        }  # fmt: skip
        body = json.dumps({"id": "1", "event_type": event, "resource_type": "encrypt-resource", "resource": resource})
        headers = {name.lower(): value for name, value in self.signed(body, key or self.theirs).items()}
        return headers, body.encode()
