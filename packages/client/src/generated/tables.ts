// Written by `npx -y deno task docs` from the chapters of supabase/schemas.

/** Any JSON. */
export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[];

/** What a signed-in user reads, in the form of `supabase gen types`. Nobody but the functions writes. */
export type Database = {
  public: {
    Tables: {
      billing_methods: {
        Row: {
          account_number_masked: string | null;
          bank_name: string | null;
          card_issuer_code: string | null;
          card_number_masked: string | null;
          card_type: string | null;
          created_at: string;
          deleted_at: string | null;
          id: string;
          method: "CARD" | "TRANSFER";
          status: "active" | "deleted";
          toss_client_key: string | null;
          toss_keys: "main" | "billing";
          user_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      cash_receipts: {
        Row: {
          amount: number;
          canceled_amount: number;
          canceled_receipt_id: number | null;
          checked_at: string | null;
          created_at: string;
          failure_code: string | null;
          id: number;
          is_self_issued: boolean;
          issue_number: string | null;
          issue_status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
          operation_id: string | null;
          order_id: string;
          payment_key: string;
          receipt_key: string;
          receipt_url: string | null;
          requested_at: string | null;
          tax_free_amount: number | null;
          transaction_type: "CONFIRM" | "CANCEL";
          type: string;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "cash_receipts_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "cash_receipts_payment_key_fkey";
            columns: ["payment_key"];
            isOneToOne: false;
            referencedRelation: "payments";
            referencedColumns: ["payment_key"];
          },
          {
            foreignKeyName: "cash_receipts_canceled_receipt_id_fkey";
            columns: ["canceled_receipt_id"];
            isOneToOne: false;
            referencedRelation: "cash_receipts";
            referencedColumns: ["id"];
          },
        ];
      };
      customers: {
        Row: {
          created_at: string;
          customer_key: string;
          known_to_auth: boolean;
          user_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      entitlements: {
        Row: {
          charge_id: string | null;
          created_at: string;
          ends_at: string;
          id: string;
          order_id: string | null;
          plan_id: string;
          remaining: unknown | null;
          revoked_at: string | null;
          source: "order" | "subscription";
          starts_at: string;
          subscription_id: string | null;
          user_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "entitlements_plan_id_fkey";
            columns: ["plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "entitlements_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "entitlements_subscription_id_fkey";
            columns: ["subscription_id"];
            isOneToOne: false;
            referencedRelation: "subscriptions";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "entitlements_charge_id_fkey";
            columns: ["charge_id"];
            isOneToOne: false;
            referencedRelation: "subscription_charges";
            referencedColumns: ["id"];
          },
        ];
      };
      order_adjustments: {
        Row: {
          amount: number;
          kind: "shipping" | "discount" | "coupon" | "points" | "other";
          name: string;
          order_id: string;
          position: number;
          tax_free: boolean;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "order_adjustments_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
        ];
      };
      order_items: {
        Row: {
          name: string;
          order_id: string;
          position: number;
          product_id: string | null;
          quantity: number;
          takes_stock: boolean;
          tax_free: boolean;
          unit_price: number;
          used_at: string | null;
          withdrawal: "allowed" | "excluded_after_use" | "excluded";
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "order_items_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
        ];
      };
      orders: {
        Row: {
          amount: number;
          created_at: string;
          currency: string;
          customer_email: string | null;
          customer_mobile_phone: string | null;
          customer_name: string | null;
          expires_at: string;
          id: string;
          metadata: Json;
          order_name: string;
          payment_key: string | null;
          plan_id: string | null;
          plan_interval: string | null;
          plan_interval_count: number | null;
          reference: string | null;
          request_digest: string | null;
          request_id: string | null;
          status: "pending" | "waiting_for_deposit" | "paid" | "partially_refunded" | "refunded" | "canceled" | "failed" | "expired";
          subscription_charge_id: string | null;
          tax_free_amount: number;
          toss_client_key: string | null;
          toss_keys: "main" | "widget" | "billing";
          updated_at: string;
          user_id: string | null;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "orders_plan_id_fkey";
            columns: ["plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "orders_payment_key_fkey";
            columns: ["payment_key"];
            isOneToOne: false;
            referencedRelation: "payments";
            referencedColumns: ["payment_key"];
          },
          {
            foreignKeyName: "orders_subscription_charge_id_fkey";
            columns: ["subscription_charge_id"];
            isOneToOne: false;
            referencedRelation: "subscription_charges";
            referencedColumns: ["id"];
          },
        ];
      };
      payment_cancels: {
        Row: {
          amount: number;
          canceled_at: string | null;
          created_at: string;
          has_event: boolean;
          payment_key: string;
          reason: string | null;
          refundable_amount: number | null;
          status: string;
          tax_free_amount: number | null;
          transaction_key: string;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "payment_cancels_payment_key_fkey";
            columns: ["payment_key"];
            isOneToOne: false;
            referencedRelation: "payments";
            referencedColumns: ["payment_key"];
          },
        ];
      };
      payments: {
        Row: {
          applied_at: string;
          approve_no: string | null;
          approved_at: string | null;
          approved_tax_free_amount: number | null;
          approved_vat: number | null;
          balance_amount: number;
          canceled_at: string | null;
          card_acquirer_code: string | null;
          card_issuer_code: string | null;
          card_number_masked: string | null;
          card_type: string | null;
          checked_at: string | null;
          country: string | null;
          created_at: string;
          currency: string;
          discount_amount: number | null;
          easy_pay_provider: string | null;
          failure_code: string | null;
          failure_message: string | null;
          installment_months: number | null;
          is_interest_free: boolean | null;
          m_id: string | null;
          method: string | null;
          order_id: string;
          payment_key: string;
          receipt_url: string | null;
          requested_at: string | null;
          reserved_amount: number;
          reversed_at: string | null;
          status: "READY" | "IN_PROGRESS" | "WAITING_FOR_DEPOSIT" | "DONE" | "CANCELED" | "PARTIAL_CANCELED" | "ABORTED" | "EXPIRED";
          subscription_id: string | null;
          supplied_amount: number | null;
          tax_free_amount: number | null;
          told_at: string | null;
          total_amount: number;
          use_escrow: boolean | null;
          user_id: string | null;
          vat: number | null;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "payments_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
        ];
      };
      plans: {
        Row: {
          active: boolean;
          catch_up: "current" | "all";
          consent: "required" | "not_required";
          created_at: string;
          currency: string;
          id: string;
          interval: "day" | "week" | "month" | "year";
          interval_count: number;
          intro_periods: number | null;
          intro_price: number | null;
          name: string;
          plan_group: string | null;
          price: number;
          reminder_days: number;
          tax_free: boolean;
          trial_days: number;
          without_consent: "cancel" | "keep_price";
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      products: {
        Row: {
          active: boolean;
          created_at: string;
          currency: string;
          id: string;
          name: string;
          price: number;
          stock: number | null;
          tax_free: boolean;
          withdrawal: "allowed" | "excluded_after_use" | "excluded";
        };
        Insert: never;
        Update: never;
        Relationships: [];
      };
      subscription_charges: {
        Row: {
          amount: number;
          attempt: number;
          attempted_at: string | null;
          billing_method_id: string | null;
          consent_id: string | null;
          covered_by: "agreed" | "consent" | "not_required" | null;
          created_at: string;
          currency: string;
          earlier_amount: number | null;
          earlier_plan_id: string | null;
          failure_class: "soft" | "hard" | "limit" | null;
          failure_code: string | null;
          failure_message: string | null;
          first_declined_at: string | null;
          id: string;
          kind: "start" | "renewal" | "upgrade" | "ad_hoc";
          next_attempt_at: string | null;
          order_id: string | null;
          order_name: string;
          paid_at: string | null;
          period_end: string | null;
          period_number: number | null;
          period_start: string | null;
          plan_amount: number | null;
          plan_id: string | null;
          plan_interval: string | null;
          plan_interval_count: number | null;
          refund_due: number | null;
          refund_operation_id: string | null;
          request_id: string | null;
          status: "pending" | "processing" | "unknown" | "paid" | "declined" | "void";
          subscription_id: string | null;
          undone_at: string | null;
          user_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "subscription_charges_subscription_id_fkey";
            columns: ["subscription_id"];
            isOneToOne: false;
            referencedRelation: "subscriptions";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_charges_billing_method_id_fkey";
            columns: ["billing_method_id"];
            isOneToOne: false;
            referencedRelation: "billing_methods";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_charges_plan_id_fkey";
            columns: ["plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_charges_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_charges_earlier_plan_id_fkey";
            columns: ["earlier_plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_charges_consent_fkey";
            columns: ["consent_id"];
            isOneToOne: false;
            referencedRelation: "subscription_consents";
            referencedColumns: ["id"];
          },
        ];
      };
      subscription_consents: {
        Row: {
          amount_after: number;
          amount_before: number;
          asked_at: string;
          closed_at: string | null;
          currency: string;
          decided_at: string | null;
          decision: "given" | "refused" | "lapsed" | null;
          effective_at: string;
          id: string;
          kind: "trial_conversion" | "price_rise";
          link_used_at: string | null;
          method: "CARD" | "TRANSFER" | null;
          method_number: string | null;
          opens_at: string;
          plan_id: string;
          reminded_at: string | null;
          source: "subscription" | "link" | "shop" | "billing" | null;
          subscription_id: string;
          text_version: string;
          user_id: string;
          voided_at: string | null;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "subscription_consents_subscription_id_fkey";
            columns: ["subscription_id"];
            isOneToOne: false;
            referencedRelation: "subscriptions";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_consents_plan_id_fkey";
            columns: ["plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
        ];
      };
      subscriptions: {
        Row: {
          access_ends_at: string | null;
          amount: number;
          anchor: string;
          anchor_period: number;
          billing_method_id: string | null;
          cancel_at_period_end: boolean;
          canceled_at: string | null;
          consent_ask_at: string | null;
          created_at: string;
          currency: string;
          current_period_end: string;
          current_period_start: string;
          end_reason: string | null;
          ended_at: string | null;
          id: string;
          interval: "day" | "week" | "month" | "year";
          interval_count: number;
          needs_payment_method: boolean;
          next_amount: number | null;
          next_charge_at: string | null;
          next_interval: string | null;
          next_interval_count: number | null;
          next_plan_id: string | null;
          period_number: number;
          plan_group: string | null;
          plan_id: string;
          remind_at: string | null;
          status: "trialing" | "active" | "past_due" | "canceled";
          user_id: string;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "subscriptions_plan_id_fkey";
            columns: ["plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscriptions_billing_method_id_fkey";
            columns: ["billing_method_id"];
            isOneToOne: false;
            referencedRelation: "billing_methods";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscriptions_next_plan_id_fkey";
            columns: ["next_plan_id"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["id"];
          },
        ];
      };
      withdrawals: {
        Row: {
          decided_at: string | null;
          decision_reason: string | null;
          due_at: string;
          id: string;
          order_id: string;
          period_ends_at: string;
          reason: string;
          refund_operation_id: string | null;
          request_id: string;
          requested_at: string;
          status: "requested" | "accepted" | "refused";
          user_id: string | null;
        };
        Insert: never;
        Update: never;
        Relationships: [
          {
            foreignKeyName: "withdrawals_order_id_fkey";
            columns: ["order_id"];
            isOneToOne: false;
            referencedRelation: "orders";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Views: {
      user_plans: {
        Row: {
          next_billing_date: string | null;
          plan: string | null;
          status: "active" | "trialing" | "past_due" | "scheduled" | "expired" | "canceled" | null;
          user_id: string | null;
        };
        Relationships: [];
      };
    };
    Functions: Record<never, never>;
    Enums: Record<never, never>;
    CompositeTypes: Record<never, never>;
  };
};

/** A row of a table, for example `Tables<"orders">`. */
export type Tables<
  Name extends
    | keyof Database["public"]["Tables"]
    | keyof Database["public"]["Views"],
> = (Database["public"]["Tables"] & Database["public"]["Views"])[Name]["Row"];
